"""Addresses of the interface itself; include as ``path("ui/", include("safeconduct.kernel.ui.urls"))``."""

from __future__ import annotations

from django.urls import path

from safeconduct.kernel.ui.views import preferences

app_name = "ui"
urlpatterns = [path("preferences/", preferences, name="preferences")]
