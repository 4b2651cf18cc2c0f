"""The seller's addresses of dispute resolution, under ``/portal/disputes/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.disputes import views

urlpatterns = [
    path("", views.disputes, name="disputes"),
    path("authorisation/", views.authorisation, name="authorisation"),
    path("<str:case_id>/", views.dispute, name="dispute"),
    path("<str:case_id>/proof/", views.proof, name="proof"),
    path("<str:case_id>/export/", views.export, name="export"),
    path("<str:case_id>/evidence/<str:evidence_id>/", views.piece, name="piece"),
    path("<str:case_id>/<slug:verb>/", views.act, name="act"),
]
