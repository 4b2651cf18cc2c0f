"""Why a sign-in at the directory comes to nothing before it is known whose it is."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """Which it was; logs say it, people get plain words (`views`)."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    STATE = "state"
    ISSUER = "issuer"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    EXPIRED = "expired"
    NONCE = "nonce"


class SignOnFailed(Exception):
    """The directory did not answer, refused, or answered with something that cannot be trusted. The message holds no
    personal data."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault.value}: {detail}")
        self.fault = fault
