from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    name = "safeconduct.kernel.decisions"
    label = "decisions"
