"""The seller's addresses of account security, under ``/portal/accounts/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.accounts import views
from safeconduct.protections.accounts.sign_in import session_views

urlpatterns = [
    path("", views.security, name="security"),
    path("browsers/forget/", views.forget_browsers, name="forget_browsers"),
    path("sessions/others/end/", session_views.end_others, name="end_other_sessions"),
    path("sessions/<str:session_id>/end/", session_views.end_one, name="end_session"),
]
