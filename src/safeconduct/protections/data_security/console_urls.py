"""The staff's pages of data security, under ``/console/data_security/``."""

from __future__ import annotations

from safeconduct.protections.data_security import desk

urlpatterns = [*desk.CONSOLE]
