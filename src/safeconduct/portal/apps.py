from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "safeconduct.portal"
    label = "portal"
