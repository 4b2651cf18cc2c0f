from django.apps import AppConfig


class DisputesConfig(AppConfig):
    name = "safeconduct.protections.disputes"
    label = "disputes"
