"""The seller's addresses of data security, under ``/portal/data_security/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.data_security import desk
from safeconduct.protections.data_security.leases import portal as leases
from safeconduct.protections.data_security.readings import portal as readings

urlpatterns = [
    path("", readings.readings, name="readings"),
    path("orders/<int:order_key>/", leases.recipient, name="recipient"),
    path("orders/<int:order_key>/reveal/", leases.reveal, name="reveal"),
    path("leases/<str:lease_id>/", leases.lease, name="lease"),
    path("exports/", leases.exports, name="exports"),
    path("exports/make/", leases.export, name="export"),
    path("exports/rights/", leases.give_right, name="give_right"),
    path("exports/rights/<str:right_id>/end/", leases.end_right, name="end_right"),
    *desk.PORTAL,
]
