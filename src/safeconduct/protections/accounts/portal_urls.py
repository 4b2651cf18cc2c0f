"""The seller's addresses of account security, under ``/portal/accounts/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.accounts import views
from safeconduct.protections.accounts.apps_of_sellers import portal_views as apps
from safeconduct.protections.accounts.ownership import portal_views as ownership
from safeconduct.protections.accounts.payout import portal_views as payout

urlpatterns = [
    path("", views.security, name="security"),
    path("browsers/forget/", views.forget_browsers, name="forget_browsers"),
    path("apps/", apps.apps, name="apps"),
    path("apps/new/", apps.connect, name="app_connect"),
    path("apps/<slug:key_id>/renew/", apps.renew, name="app_renew"),
    path("apps/<slug:key_id>/end/", apps.end, name="app_end"),
    path("ownership/", ownership.claims, name="ownership"),
    path("ownership/papers/<int:number>/", ownership.paper, name="ownership_paper"),
    path("payout/", payout.accounts, name="payout"),
    path("payout/add/", payout.add, name="payout_add"),
    path("payout/confirm/", payout.confirm, name="payout_confirm"),
    path("payout/<slug:account_id>/use/", payout.use, name="payout_use"),
    path("payout/<slug:account_id>/cancel/", payout.cancel, name="payout_cancel"),
    path("payout/<slug:account_id>/contest/", payout.contest, name="payout_contest"),
]
