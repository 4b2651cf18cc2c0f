"""One-time passwords of an authenticator app (RFC 6238), checked without opening the seed here."""

from __future__ import annotations

import struct
from typing import Final

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth

from safeconduct.kernel.parties import factors

_LOWEST_31_BITS: Final = 0x7FFFFFFF


class OneTimePasswords(auth.TOTP):  # type: ignore[misc]
    """A person's authenticator app, in the place of allauth's, which opens the seed."""

    instance: Authenticator

    def validate_code(self, code: str) -> bool:
        """Whether the code is of now, or of as many steps before and after as allauth accepts, and was not used yet.
        Raises SealBroken for a seed that was put into this row from another."""
        steps = [struct.pack(">Q", counter) for counter in auth.yield_hotp_counters_from_time()]
        with factors.of(self.instance.user_id):
            made = factors.macs("one-time password", self.instance.data["secret"], steps)
        if not any(compare_user_code(actual=code, expected=_code_of(one)) for one in made):
            return False
        return bool(self._mark_code_used(code))


def take_their_place() -> None:
    """allauth takes its class by name where it checks a code, and no setting names another."""
    auth.TOTP = OneTimePasswords


def _code_of(mac: bytes) -> str:
    """The digits of an HMAC-SHA1 (RFC 4226, section 5.3)."""
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & _LOWEST_31_BITS
    said: str = auth.format_hotp_value(number % 10**app_settings.TOTP_DIGITS)
    return said
