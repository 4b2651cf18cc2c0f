"""A passkey made of software: it is registered as a browser would, and signs the challenges that pages hand out."""

from __future__ import annotations

import base64
import html
import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import visitor_scope

_SEEN_AND_VERIFIED = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


@dataclass(slots=True)
class Passkey:
    """One person's passkey."""

    secret: ec.EllipticCurvePrivateKey
    credential_id: bytes
    site: str
    count: int = 0

    @classmethod
    def of(cls, user: User, *, hours_old: float = 30 * 24, site: str = "testserver", copied: bool = False) -> Self:
        """A passkey that somebody set up some hours ago. ``copied``: between the devices of its person."""
        one = cls(ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16), site)
        key = ES256.from_cryptography_key(one.secret.public_key())
        known = AttestedCredentialData.create(b"\0" * 16, one.credential_id, key)
        flags = _SEEN_AND_VERIFIED | AuthenticatorData.FLAG.AT
        if copied:
            flags |= AuthenticatorData.FLAG.BE | AuthenticatorData.FLAG.BS
        data = AuthenticatorData.create(sha256(site.encode()), flags, 0, known)
        attested = AttestationObject.create("none", data, {})
        client = CollectedClientData.create("webauthn.create", secrets.token_bytes(32), f"http://{site}")
        response = {"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(attested)}
        with visitor_scope():
            auth.WebAuthn.add(user, "telephone", one._credential(response))
            made = datetime.now(UTC) - timedelta(hours=hours_old)
            Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).update(created_at=made)
        return one

    @classmethod
    def made_on(cls, page: str, *, verified: bool = True, site: str = "testserver") -> tuple[Self, str]:
        """A passkey for the challenge of a page on which an account is made, and what the browser sends."""
        one = cls(ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16), site)
        key = ES256.from_cryptography_key(one.secret.public_key())
        known = AttestedCredentialData.create(b"\0" * 16, one.credential_id, key)
        seen = _SEEN_AND_VERIFIED if verified else AuthenticatorData.FLAG.UP
        data = AuthenticatorData.create(sha256(site.encode()), seen | AuthenticatorData.FLAG.AT, 0, known)
        challenge = one._asked(page, "creation_options")["challenge"]
        client = CollectedClientData.create("webauthn.create", challenge, f"http://{site}")
        attested = AttestationObject.create("none", data, {})
        sent = one._credential(
            {"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(attested)}
        )  # fmt: skip
        return one, json.dumps(sent | {"clientExtensionResults": {"credProps": {"rk": True}}})

    def for_browser(self) -> dict[str, Any]:
        """As Chromium's virtual authenticator takes it."""
        secret = self.secret.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return {
            "credentialId": base64.b64encode(self.credential_id).decode(), "isResidentCredential": False,
            "rpId": self.site, "privateKey": base64.b64encode(secret).decode(), "signCount": 0,
        }  # fmt: skip

    def sign(self, page: str) -> str:
        """What the browser sends back for the challenge on a page."""
        options = self._asked(page, "request_options")
        client = CollectedClientData.create("webauthn.get", options["challenge"], f"http://{self.site}")
        self.count += 1
        data = AuthenticatorData.create(sha256(self.site.encode()), _SEEN_AND_VERIFIED, self.count)
        signed = self.secret.sign(data + client.hash, ec.ECDSA(hashes.SHA256()))
        return json.dumps(
            self._credential({
                "clientDataJSON": websafe_encode(client), "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(signed),
            })
        )  # fmt: skip

    def _asked(self, page: str, what: str) -> dict[str, Any]:
        found = re.search(r'<script id="js_data" type="application/json">(.*?)</script>', page)
        assert found is not None, "the page hands out no challenge"
        options: dict[str, Any] = json.loads(html.unescape(found[1]))[what]["publicKey"]
        return options

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        name = websafe_encode(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
