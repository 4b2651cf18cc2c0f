"""Roots on other machines: the transit engine of OpenBao or HashiCorp Vault, and AWS KMS.

Both are asked over HTTPS, as their documentation describes: transit's ``encrypt`` and ``decrypt`` with associated data
(HTTP API, "Transit secrets engine"); KMS's ``TrentService.Encrypt`` and ``Decrypt`` with an encryption context, signed
with Signature Version 4 (`foundation.aws_signature`).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from safeconduct.foundation.aws_signature import Credentials, signed_headers
from safeconduct.kernel.vault.errors import RootUnavailable, VaultError

_TIMEOUT_S: Final = 5.0
_CONTEXT: Final = "safeconduct"


@dataclass(frozen=True, slots=True)
class TransitRoot:
    """A key of a transit engine. The token is read from its file at each use."""

    url: str
    mount: str
    key: str
    token_file: Path

    @property
    def name(self) -> str:
        return f"transit/{urlsplit(self.url).netloc}/{self.mount}/{self.key}"

    def wrap(self, plain: bytes, context: str) -> bytes:
        """The wrapped bytes: the engine's own text, which names the version of its key."""
        given = {"plaintext": _text(plain), "associated_data": _text(context.encode())}
        return str(self._ask("encrypt", given, "ciphertext")).encode()

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The bytes that `wrap` was given with the same context."""
        given = {"ciphertext": wrapped.decode("ascii", "replace"), "associated_data": _text(context.encode())}
        return _bytes(self._ask("decrypt", given, "plaintext"), self.name)

    def _ask(self, verb: str, given: dict[str, str], wanted: str) -> Any:
        (token,) = _secrets(self.token_file, "the token", 1, 1)
        answer = _post(
            f"{self.url}/v1/{self.mount}/{verb}/{self.key}", json.dumps(given).encode(), {"X-Vault-Token": token},
            self.name,
        )  # fmt: skip
        return _member(answer.get("data"), wanted, self.name)


@dataclass(frozen=True, slots=True)
class AwsKmsRoot:
    """A symmetric key of AWS KMS. The credentials are read from their file at each use."""

    url: str
    region: str
    key: str
    credentials_file: Path

    @property
    def name(self) -> str:
        return f"aws-kms/{self.region}/{self.key}"

    def wrap(self, plain: bytes, context: str) -> bytes:
        """The wrapped bytes."""
        given = {"KeyId": self.key, "Plaintext": _text(plain), "EncryptionContext": {_CONTEXT: context}}
        return _bytes(self._ask("Encrypt", given, "CiphertextBlob"), self.name)

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The bytes that `wrap` was given with the same context."""
        given = {"KeyId": self.key, "CiphertextBlob": _text(wrapped), "EncryptionContext": {_CONTEXT: context}}
        return _bytes(self._ask("Decrypt", given, "Plaintext"), self.name)

    def _ask(self, verb: str, given: dict[str, Any], wanted: str) -> Any:
        kept = _secrets(self.credentials_file, "access key id, secret access key and, if any, session token", 2, 3)
        body = json.dumps(given).encode()
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"TrentService.{verb}"}
        signed = signed_headers(
            "POST", self.url, headers, body, Credentials(*kept), self.region, "kms", at=datetime.now(UTC)
        )
        return _member(_post(self.url, body, signed, self.name), wanted, self.name)


def transit_at(rest: str, credentials: Path | None) -> TransitRoot:
    """Reads ``URL/MOUNT/KEY``. Raises VaultError."""
    parts = urlsplit(rest)
    mount, _, key = parts.path.strip("/").rpartition("/")
    if not mount or not key or not _is_safe(rest):
        raise VaultError("a transit root looks like transit:https://bao.example:8200/transit/safeconduct")
    return TransitRoot(f"{parts.scheme}://{parts.netloc}", mount, key, _needed(credentials))


def aws_kms_at(rest: str, credentials: Path | None) -> AwsKmsRoot:
    """Reads ``REGION/KEY`` or ``REGION/KEY@URL``. Raises VaultError."""
    where, _, url = rest.partition("@")
    region, _, key = where.partition("/")
    url = (url or f"https://kms.{region}.amazonaws.com").rstrip("/") + "/"
    if not region or not key or not _is_safe(url):
        raise VaultError("a root in AWS KMS looks like aws-kms:eu-central-1/1234abcd-…, and @https://… behind it")
    return AwsKmsRoot(url, region, key, _needed(credentials))


def _is_safe(url: str) -> bool:
    """Keys travel over TLS only; on this machine itself there may be an agent without it."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"})


def _needed(credentials: Path | None) -> Path:
    if credentials is None:
        raise VaultError("SAFECONDUCT_VAULT_CREDENTIALS_FILE is empty: the root on another machine asks who we are")
    return credentials


def _secrets(file: Path, what: str, least: int, most: int) -> list[str]:
    try:
        lines = [line.strip() for line in file.read_text(encoding="ascii").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as problem:
        raise RootUnavailable(f"{file} cannot be read: {type(problem).__name__}") from None
    if not least <= len(lines) <= most:
        raise RootUnavailable(f"{file} must hold {what}, each on a line of its own")
    return lines


def _post(url: str, body: bytes, headers: dict[str, str], name: str) -> dict[str, Any]:
    try:
        with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False) as client:
            answer = client.post(url, content=body, headers=headers)
        read = answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError) as problem:
        raise RootUnavailable(f"{name} does not answer as it should: {type(problem).__name__}") from None
    if not isinstance(read, dict):
        raise RootUnavailable(f"{name} refuses: status {answer.status_code}; look at its audit log")
    return read


def _member(found: Any, wanted: str, name: str) -> Any:
    if not isinstance(found, dict) or not isinstance(found.get(wanted), str):
        raise RootUnavailable(f"{name} answers without {wanted}")
    return found[wanted]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise RootUnavailable(f"{name} answers with what is no base64") from None
