from django.apps import AppConfig


class RecordConfig(AppConfig):
    name = "safeconduct.kernel.record"
    label = "record"
