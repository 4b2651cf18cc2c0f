from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "safeconduct.kernel.notices"
    label = "notices"
