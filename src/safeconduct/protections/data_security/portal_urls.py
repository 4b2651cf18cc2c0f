"""The seller's addresses of data security, under ``/portal/data_security/``."""

from __future__ import annotations

from safeconduct.protections.data_security import desk

urlpatterns = [*desk.PORTAL]
