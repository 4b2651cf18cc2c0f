"""The buyer's addresses, under ``/data_security/``, each with the signed token of an order."""

from __future__ import annotations

from safeconduct.protections.data_security import desk

app_name = "data_security"
urlpatterns = desk.HOSTED
