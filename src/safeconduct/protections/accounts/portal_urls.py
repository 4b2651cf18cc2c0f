"""The seller's addresses of account security, under ``/portal/accounts/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.accounts import views

urlpatterns = [
    path("", views.security, name="security"),
    path("browsers/forget/", views.forget_browsers, name="forget_browsers"),
]
