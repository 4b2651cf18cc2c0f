from django.apps import AppConfig


class TransactionsConfig(AppConfig):
    name = "safeconduct.protections.transactions"
    label = "transactions"
