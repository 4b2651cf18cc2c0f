"""Signing in, where allauth leaves the choice to us: nobody signs up, factors are sealed, staff need a second one."""

from __future__ import annotations

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from safeconduct.kernel.vault.sealing import seal, unseal


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People come by invitation only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seeds of one-time passwords and recovery codes are sealed; allauth would keep them as they are."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(seal("factor", "mfa_authenticator", text.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal("factor", "mfa_authenticator", base64.b64decode(encrypted_text)).decode()
