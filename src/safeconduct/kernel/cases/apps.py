from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "safeconduct.kernel.cases"
    label = "cases"
