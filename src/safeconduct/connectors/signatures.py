"""Checks that a body comes from who signed it: on the raw bytes, in constant time, before anything is parsed.

Five schemes; a connector file names one and its headers:

``stripe``              header ``t=<unix>,v1=<hex>[,v1=…]`` over ``<t>.<body>`` (Stripe's documented scheme)
``hmac_base64``         base64 of HMAC-SHA256 over the body (Shopify, WooCommerce)
``hmac_hex``            hex of HMAC-SHA256 over the body, or over ``<timestamp>.<body>`` with a timestamp header (Spree)
``standard_webhooks``   ``v1,<base64>`` over ``<id>.<timestamp>.<body>`` (Standard Webhooks)
``adyen``               base64 of HMAC-SHA256 with a key in hex, in each item's ``additionalData.hmacSignature``, over
                        eight of its fields with colons between (Adyen's standard webhooks; no timestamp is signed)

Several secrets may be valid at once, so that one can be replaced without losing a delivery. A signature is checked
before its timestamp: *stale* is only said of a genuine message.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

#: Seconds a signed timestamp may differ from now, either way: the default of Stripe's libraries and Standard Webhooks.
TOLERANCE_S = 300

_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_HEX_DIGEST = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


class SignatureReason(StrEnum):
    """Why a signature was refused."""

    NO_SECRET = "no_secret"  # noqa: S105 - a reason, not a secret
    UNSIGNED_SOURCE = "unsigned_source"
    MISSING_HEADER = "missing_header"
    MALFORMED = "malformed"
    MISMATCH = "mismatch"
    STALE = "stale_timestamp"
    FUTURE = "future_timestamp"


_SENTENCES = {
    SignatureReason.NO_SECRET: (
        "no signing secret is configured for this connector; name one in SAFECONDUCT_CONNECTOR_SECRETS and send again"
    ),
    SignatureReason.UNSIGNED_SOURCE: "this connector has no signatures; its input is taken as a file, never over HTTP",
    SignatureReason.MISSING_HEADER: "the signature header {header} is missing",
    SignatureReason.MALFORMED: "the signature header {header} does not have the form of its scheme",
    SignatureReason.MISMATCH: "the signature in {header} does not match the body; check the secret, and sign raw bytes",
    SignatureReason.STALE: "the signed timestamp is too old; the message may be a replay. Send it again, newly signed",
    SignatureReason.FUTURE: "the signed timestamp lies in the future; check the clocks",
}


class SignatureRefused(Exception):
    """A body whose signature does not hold. Carries the reason, and never a secret, a signature or the body."""

    def __init__(self, reason: SignatureReason, header: str = "") -> None:
        super().__init__(_SENTENCES[reason].format(header=header))
        self.reason = reason
        self.header = header


class Scheme(StrEnum):
    """How a source signs."""

    STRIPE = "stripe"
    HMAC_BASE64 = "hmac_base64"
    HMAC_HEX = "hmac_hex"
    STANDARD_WEBHOOKS = "standard_webhooks"
    ADYEN = "adyen"


@dataclass(frozen=True, slots=True)
class Signature:
    """A scheme with the names of its headers, as a connector file declares it."""

    scheme: Scheme
    header: str
    timestamp_header: str = ""
    id_header: str = ""
    tolerance_s: int = TOLERANCE_S

    def verify(self, raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> None:
        """Returns if one of the secrets signed exactly these bytes; else raises SignatureRefused.

        ``headers`` are looked up without regard to case; ``now`` is aware (ValueError otherwise).
        """
        if now.tzinfo is None:
            raise ValueError("now needs a time zone; give an aware datetime")
        keys = [secret for secret in secrets if secret]
        if not keys:
            raise SignatureRefused(SignatureReason.NO_SECRET)
        if self.scheme is Scheme.ADYEN:
            self._verify_adyen(raw, keys)
            return
        lowered = {str(name).lower(): value for name, value in headers.items()}
        given = lowered.get(self.header.lower(), "").strip()
        if not given:
            raise SignatureRefused(SignatureReason.MISSING_HEADER, self.header)
        match self.scheme:
            case Scheme.STRIPE:
                self._verify_stripe(raw, given, keys, now)
            case Scheme.HMAC_BASE64:
                self._verify_base64(raw, given, keys)
            case Scheme.HMAC_HEX:
                self._verify_hex(raw, given, lowered, keys, now)
            case Scheme.STANDARD_WEBHOOKS:
                self._verify_standard(raw, given, lowered, keys, now)
            case _:
                assert_never(self.scheme)

    def _verify_stripe(self, raw: bytes, given: str, keys: Sequence[str], now: datetime) -> None:
        parts = [part.strip().partition("=") for part in given.split(",")]
        times = [value for name, equals, value in parts if name == "t" and equals]
        digests = [value for name, _, value in parts if name == "v1" and _HEX_DIGEST.fullmatch(value)]
        if len(times) != 1 or not _TIMESTAMP.fullmatch(times[0]) or not digests:
            raise SignatureRefused(SignatureReason.MALFORMED, self.header)
        message = times[0].encode() + b"." + raw
        expected = [_hmac(key.encode(), message).hex() for key in keys]
        self._match(expected, [digest.lower() for digest in digests])
        self._check_time(times[0], now)

    def _verify_base64(self, raw: bytes, given: str, keys: Sequence[str]) -> None:
        digest = _from_base64(given)
        if digest is None or len(digest) != 32:
            raise SignatureRefused(SignatureReason.MALFORMED, self.header)
        self._match([_hmac(key.encode(), raw).hex() for key in keys], [digest.hex()])

    def _verify_hex(
        self, raw: bytes, given: str, lowered: Mapping[str, str], keys: Sequence[str], now: datetime
    ) -> None:
        if not _HEX_DIGEST.fullmatch(given):
            raise SignatureRefused(SignatureReason.MALFORMED, self.header)
        message, stamp = raw, ""
        if self.timestamp_header:
            stamp = self._stamp(lowered)
            message = stamp.encode() + b"." + raw
        self._match([_hmac(key.encode(), message).hex() for key in keys], [given.lower()])
        if stamp:
            self._check_time(stamp, now)

    def _verify_standard(
        self, raw: bytes, given: str, lowered: Mapping[str, str], keys: Sequence[str], now: datetime
    ) -> None:
        message_id = lowered.get(self.id_header.lower(), "").strip()
        if not message_id:
            raise SignatureRefused(SignatureReason.MISSING_HEADER, self.id_header)
        stamp = self._stamp(lowered)
        digests = [_from_base64(part[3:]) for part in given.split() if part.startswith("v1,")]
        readable = [digest.hex() for digest in digests if digest is not None and len(digest) == 32]
        if not readable:
            raise SignatureRefused(SignatureReason.MALFORMED, self.header)
        message = message_id.encode() + b"." + stamp.encode() + b"." + raw
        self._match([_hmac(_standard_key(key), message).hex() for key in keys], readable)
        self._check_time(stamp, now)

    def _verify_adyen(self, raw: bytes, keys: Sequence[str]) -> None:
        """Every item of the body is signed by itself; one that is not makes the whole body untrusted."""
        try:
            items = [entry["NotificationRequestItem"] for entry in json.loads(raw)["notificationItems"]]
            signed = [(_adyen_message(item), str(item["additionalData"]["hmacSignature"])) for item in items]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise SignatureRefused(SignatureReason.MALFORMED, self.header) from None
        secrets = [bytes.fromhex(key) for key in keys if _HEX_DIGEST.fullmatch(key)]
        if not secrets:
            raise SignatureRefused(SignatureReason.NO_SECRET)
        if not signed:
            raise SignatureRefused(SignatureReason.MISSING_HEADER, self.header)
        for message, given in signed:
            digest = _from_base64(given)
            if digest is None or len(digest) != 32:
                raise SignatureRefused(SignatureReason.MALFORMED, self.header)
            self._match([_hmac(key, message).hex() for key in secrets], [digest.hex()])

    def _stamp(self, lowered: Mapping[str, str]) -> str:
        stamp = lowered.get(self.timestamp_header.lower(), "").strip()
        if not stamp:
            raise SignatureRefused(SignatureReason.MISSING_HEADER, self.timestamp_header)
        if not _TIMESTAMP.fullmatch(stamp):
            raise SignatureRefused(SignatureReason.MALFORMED, self.timestamp_header)
        return stamp

    def _match(self, expected: Iterable[str], given: Sequence[str]) -> None:
        # Every pair is compared, so that the time taken does not say which secret or digest came near.
        found = False
        for digest in expected:
            for candidate in given:
                found |= hmac.compare_digest(digest, candidate)
        if not found:
            raise SignatureRefused(SignatureReason.MISMATCH, self.header)

    def _check_time(self, stamp: str, now: datetime) -> None:
        age_s = now.timestamp() - int(stamp)
        if age_s > self.tolerance_s:
            raise SignatureRefused(SignatureReason.STALE, self.header)
        if age_s < -self.tolerance_s:
            raise SignatureRefused(SignatureReason.FUTURE, self.header)


def _adyen_message(item: Mapping[str, Any]) -> bytes:
    """What Adyen signs of an item; a field that is absent is empty."""
    amount = item.get("amount") or {}
    values = (
        item.get("pspReference"), item.get("originalReference"), item.get("merchantAccountCode"),
        item.get("merchantReference"), amount.get("value"), amount.get("currency"), item.get("eventCode"),
        item.get("success"),
    )  # fmt: skip
    return ":".join("" if value is None else str(value) for value in values).encode()


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None


def _standard_key(secret: str) -> bytes:
    """The key of a Standard Webhooks secret: base64 after the prefix ``whsec_``; any other text is taken as it is."""
    decoded = _from_base64(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else None
    return secret.encode() if decoded is None else decoded
