from __future__ import annotations

from django.apps import AppConfig


class DataSecurityConfig(AppConfig):
    name = "safeconduct.protections.data_security"
    label = "data_security"
