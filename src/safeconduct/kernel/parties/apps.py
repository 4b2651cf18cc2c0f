from django.apps import AppConfig


class PartiesConfig(AppConfig):
    name = "safeconduct.kernel.parties"
    label = "parties"
