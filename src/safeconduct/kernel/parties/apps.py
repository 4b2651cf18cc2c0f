from django.apps import AppConfig


class PartiesConfig(AppConfig):
    name = "safeconduct.kernel.parties"
    label = "parties"

    def ready(self) -> None:
        from safeconduct.kernel.parties import (
            bound_passkeys,
            one_time_passwords,
            proven_addresses,
            recovery_codes,
            sealed_fields,
        )

        one_time_passwords.take_their_place()
        recovery_codes.take_their_place()
        sealed_fields.take_their_place()
        bound_passkeys.take_their_place()
        proven_addresses.take_their_place()
