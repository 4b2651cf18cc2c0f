from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "safeconduct.kernel.vault"
    label = "vault"
