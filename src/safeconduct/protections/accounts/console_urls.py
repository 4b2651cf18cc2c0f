"""The staff's addresses of account security, under ``/console/accounts/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.accounts.sign_in import case_views

urlpatterns = [
    path("cases/", case_views.account_cases, name="account_cases"),
    path("cases/<str:case_id>/", case_views.account_case, name="account_case"),
    path("cases/<str:case_id>/decide/", case_views.decide, name="decide_account_case"),
]
