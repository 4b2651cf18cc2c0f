"""The seller's addresses of returns, under ``/portal/returns/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.returns import views

urlpatterns = [
    path("", views.returns, name="returns"),
    path("cases/<str:case_id>/", views.case_page, name="case"),
    path("<str:return_id>/", views.one, name="return"),
    path("<str:return_id>/evidence/<str:evidence_id>/", views.piece, name="piece"),
    path("<str:return_id>/export/", views.export, name="export"),
    path("<str:return_id>/say/", views.say, name="say"),
    path("<str:return_id>/address/", views.address, name="address"),
    path("<str:return_id>/reimbursement/", views.reimbursement, name="reimbursement"),
    path("<str:return_id>/<slug:name>/", views.step, name="step"),
]
