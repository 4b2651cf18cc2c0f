from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    name = "safeconduct.kernel.claims"
    label = "claims"
