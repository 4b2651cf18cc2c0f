from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "safeconduct.api"
    label = "api"
