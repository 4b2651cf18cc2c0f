"""The staff's pages about returns, under ``/console/returns/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.returns import console_cost_views, console_hub_views, console_views

urlpatterns = [
    path("", console_views.returns, name="returns"),
    path("hubs/", console_hub_views.named, name="hubs"),
    path("hubs/file/", console_hub_views.bring, name="hubs_file"),
    path("hubs/<str:hub_id>/end/", console_hub_views.end, name="hub_end"),
    path("cases/<str:case_id>/", console_views.of_case, name="case"),
    path("<str:return_id>/", console_views.one, name="return"),
    path("<str:return_id>/evidence/<str:evidence_id>/", console_views.piece, name="piece"),
    path("<str:return_id>/say/", console_views.say, name="say"),
    path("<str:return_id>/export/", console_views.export, name="export"),
    path("<str:return_id>/decide/", console_views.decide, name="decide"),
    path("<str:return_id>/costs/", console_cost_views.note, name="cost"),
    path("<str:return_id>/costs/<slug:kind>/<slug:place>/", console_cost_views.paid, name="cost_paid"),
    path("<str:return_id>/reimbursement/", console_views.reimbursement, name="reimbursement"),
]
