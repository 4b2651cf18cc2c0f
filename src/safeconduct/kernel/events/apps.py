from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "safeconduct.kernel.events"
    label = "events"
