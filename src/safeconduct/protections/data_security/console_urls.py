"""The staff's addresses of data security, under ``/console/data_security/``."""

from __future__ import annotations

from django.urls import path

from safeconduct.protections.data_security import desk
from safeconduct.protections.data_security.readings import console as readings

urlpatterns = [
    path("readings/", readings.access_log, name="access_log"),
    path("embargoes/", readings.begin_embargo, name="begin_embargo"),
    path("embargoes/<str:embargo_id>/end/", readings.end_embargo, name="end_embargo"),
    *desk.CONSOLE,
]
