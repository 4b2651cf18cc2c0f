from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "safeconduct.console"
    label = "console"
