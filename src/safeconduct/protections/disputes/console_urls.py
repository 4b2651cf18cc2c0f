"""The staff's pages of disputes, under ``/console/disputes/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.disputes import console_views

urlpatterns = [
    path("", console_views.queue, name="queue"),
    path("<str:case_id>/", console_views.dispute, name="dispute"),
    path("<str:case_id>/export/", console_views.export, name="export"),
    path("<str:case_id>/evidence/<str:evidence_id>/", console_views.piece, name="piece"),
    path("<str:case_id>/<slug:verb>/", console_views.act, name="act"),
]
