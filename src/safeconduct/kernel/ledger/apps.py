from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "safeconduct.kernel.ledger"
    label = "ledger"
