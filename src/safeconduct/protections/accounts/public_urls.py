"""Addresses under ``/accounts/`` for everybody: for whoever holds a mailbox a signed link is the door, and a person's
own sessions and password are for that person, staff or not. They stand before allauth's.

allauth's own address of a new password does not take our ids, which have an underscore.
"""

from __future__ import annotations

from allauth.account.views import password_reset_from_key
from django.urls import path, re_path

from safeconduct.protections.accounts.ownership import public_views as ownership
from safeconduct.protections.accounts.sign_in import not_me_views, own_password, own_sessions
from safeconduct.protections.accounts.single_sign_on import views as single_sign_on

urlpatterns = [
    path("not-me/<str:token>/", not_me_views.not_me, name="not_me"),
    path("sessions/", own_sessions.own_sessions, name="own_sessions"),
    path("company/", single_sign_on.begin, name="single_sign_on"),
    path("company/back/", single_sign_on.back, name="single_sign_on_back"),
    path("company/signed-out/", single_sign_on.signed_out, name="single_sign_on_signed_out"),
    path("ownership/", ownership.form, name="ownership_form"),
    path("ownership/<str:token>/", ownership.claim, name="ownership_claim"),
    path("ownership/<str:token>/papers/<int:number>/", ownership.paper, name="ownership_paper"),
    path("password/change/", own_password.change_password, name="account_change_password"),
    path("password/set/", own_password.set_password, name="account_set_password"),
    re_path(
        r"^password/reset/key/(?P<uidb36>usr_[0-9a-z]+)-(?P<key>.+)/$",
        password_reset_from_key,
        name="account_reset_password_from_key",
    ),
]
