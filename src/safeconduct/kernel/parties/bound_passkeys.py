"""Public keys of passkeys, bound to the person whose they are.

Whoever may write the table of factors, as the web processes may, could put a key of their own into somebody's row, or
move a row to somebody else. So each row carries a keyed hash of its person and of all that a sign-in believes of it:
the public key, and whether the passkey stands alone. A row whose hash is another's, or missing, is no passkey.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from fido2.webauthn import AttestedCredentialData, AuthenticatorData

from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.sealed_fields import PURPOSE, SUBJECT
from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.framing import framed
from safeconduct.kernel.vault.holder import deployment, holder
from safeconduct.kernel.vault.key_types import Item

#: Where the hash stands in allauth's row.
BOUND: Final = "bound"


class BoundPasskey(auth.WebAuthn):  # type: ignore[misc]
    """A passkey in the place of allauth's, bound when it is added."""

    @classmethod
    def add(cls, user: User, name: str, credential: dict[str, Any]) -> BoundPasskey:
        data = {"name": name, "credential": credential, BOUND: binding(user.pk, credential)}
        return cls(Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data))


def binding(person_id: str, credential: Mapping[str, Any]) -> str:
    """The keyed hash of a person's passkey."""
    told = framed(deployment(), person_id, _public_key(credential), _alone(credential))
    return holder().tags([Item(data_keys.standing(SUBJECT, PURPOSE), b"passkeys of people", told)])[0].hex()


def is_bound(row: Authenticator) -> bool:
    """Whether a row is a passkey of its person, as it was when they added it."""
    credential, kept = row.data.get("credential"), row.data.get(BOUND)
    if not isinstance(credential, dict) or not isinstance(kept, str):
        return False
    return hmac.compare_digest(binding(row.user_id, credential).encode(), kept.encode())


def is_of_one_device(row: Authenticator) -> bool:
    """Whether a passkey stays in the device or security key it was made in: its maker says that it cannot be backed up
    (W3C, Web Authentication 3, *backup eligibility*). What it says is not attested."""
    return is_bound(row) and not row.wrap().authenticator_data.flags & AuthenticatorData.FLAG.BE


def take_their_place() -> None:
    """allauth finds its class and these two by name, and no setting names others."""
    auth.WebAuthn = BoundPasskey
    auth.get_credentials = _credentials_of
    auth.get_authenticator_by_credential_id = _found_by


def _credentials_of(user: User) -> list[AttestedCredentialData]:
    return [row.wrap().authenticator_data.credential_data for row in _passkeys_of(user)]


def _found_by(user: User, credential_id: bytes) -> Authenticator | None:
    for row in _passkeys_of(user):
        if row.wrap().authenticator_data.credential_data.credential_id == credential_id:
            return row
    return None


def _passkeys_of(user: User) -> list[Authenticator]:
    rows = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN)
    return [row for row in rows if is_bound(row)]


def _public_key(credential: Mapping[str, Any]) -> str:
    """The attestation, of which allauth reads the key, its id and its site."""
    return str(credential.get("response", {}).get("attestationObject", ""))


def _alone(credential: Mapping[str, Any]) -> str:
    return str(credential.get("clientExtensionResults", {}).get("credProps", {}).get("rk"))
