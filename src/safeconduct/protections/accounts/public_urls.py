"""Addresses for whoever holds a mailbox, under ``/accounts/``: a signed link is the door."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.accounts.sign_in import not_me_views

urlpatterns = [path("not-me/<str:token>/", not_me_views.not_me, name="not_me")]
