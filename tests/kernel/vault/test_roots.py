"""Roots on other machines, against a server that speaks the published shapes of transit and of AWS KMS."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from safeconduct.kernel.vault import data_keys, regions
from safeconduct.kernel.vault.errors import RootUnavailable, VaultError
from safeconduct.kernel.vault.key_file import RootKey, create_key_file
from safeconduct.kernel.vault.roots import KeyRoot, Root, root_at
from safeconduct.kernel.vault.sealing import Column, seal, unseal

SECRET = bytes(range(32))
MESSAGE = Column("case_message.sealed", "case_message")


class Service(BaseHTTPRequestHandler):
    """Transit and KMS behind one port: each holds a key that never leaves it, and binds it to what it is told."""

    cipher = AESGCM(AESGCM.generate_key(256))
    refuses = False
    asked: list[tuple[str, dict[str, str]]]

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append((self.path, dict(self.headers.items())))
        if self.refuses or (self.path == "/" and "Signature=" not in self.headers.get("Authorization", "")):
            self._answer(403, {"errors": ["permission denied"]})
        elif self.path == "/":
            self._kms(self.headers["X-Amz-Target"].removeprefix("TrentService."), given)
        elif self.headers.get("X-Vault-Token") != "bao-token":
            self._answer(403, {"errors": ["permission denied"]})
        else:
            _, version, mount, verb, key = self.path.split("/")
            assert (version, mount, key) == ("v1", "transit", "safeconduct")
            self._transit(verb, given)

    def _transit(self, verb: str, given: dict[str, str]) -> None:
        context = base64.b64decode(given["associated_data"])
        if verb == "encrypt":
            made = self._sealed(base64.b64decode(given["plaintext"]), context)
            self._answer(200, {"data": {"ciphertext": "vault:v1:" + base64.b64encode(made).decode(), "key_version": 1}})
        else:
            opened = self._opened(base64.b64decode(given["ciphertext"].removeprefix("vault:v1:")), context)
            self._answer(*(
                (400, {"errors": ["cipher: message authentication failed"]}) if opened is None
                else (200, {"data": {"plaintext": base64.b64encode(opened).decode()}})
            ))  # fmt: skip

    def _kms(self, verb: str, given: dict[str, Any]) -> None:
        context = json.dumps(given["EncryptionContext"], sort_keys=True).encode()
        if verb == "Encrypt":
            made = self._sealed(base64.b64decode(given["Plaintext"]), context)
            self._answer(200, {"KeyId": given["KeyId"], "CiphertextBlob": base64.b64encode(made).decode()})
        else:
            opened = self._opened(base64.b64decode(given["CiphertextBlob"]), context)
            self._answer(*(
                (400, {"__type": "InvalidCiphertextException"}) if opened is None
                else (200, {"KeyId": given["KeyId"], "Plaintext": base64.b64encode(opened).decode()})
            ))  # fmt: skip

    def _sealed(self, plain: bytes, context: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self.cipher.encrypt(nonce, plain, context)

    def _opened(self, sealed: bytes, context: bytes) -> bytes | None:
        try:
            return self.cipher.decrypt(sealed[:12], sealed[12:], context)
        except Exception:
            return None

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[str]:
    Service.asked, Service.refuses = [], False
    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "credentials"
    monkeypatch.setattr(settings, "VAULT_CREDENTIALS_FILE", str(path))
    return path


def transit(url: str, credentials: Path) -> Root:
    credentials.write_text("bao-token\n")
    return root_at(f"transit:{url}/transit/safeconduct")


def kms(url: str, credentials: Path) -> Root:
    credentials.write_text("AKIDEXAMPLE\nsecret\nsession\n")
    return root_at(f"aws-kms:eu-central-1/1234abcd@{url}")


@pytest.mark.parametrize("kind", [transit, kms])
def test_a_root_elsewhere_opens_what_it_wrapped_and_only_for_the_same_region(
    kind: Any, service: str, credentials: Path
) -> None:
    root = kind(service, credentials)
    wrapped = root.wrap(SECRET, "place/main/1")
    assert SECRET not in wrapped
    assert root.unwrap(wrapped, "place/main/1") == SECRET
    with pytest.raises(RootUnavailable, match="status 400"):
        root.unwrap(wrapped, "place/main/2")
    Service.refuses = True
    with pytest.raises(RootUnavailable, match="status 403"):
        root.unwrap(wrapped, "place/main/1")


@pytest.mark.parametrize("kind", [transit, kms])
def test_values_are_sealed_under_a_root_elsewhere_which_is_asked_once_and_not_for_each(
    kind: Any, service: str, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = kind(service, credentials)
    address = (
        f"transit:{service}/transit/safeconduct" if kind is transit else f"aws-kms:eu-central-1/1234abcd@{service}"
    )
    monkeypatch.setattr(settings, "VAULT_ROOT", address)
    for module in (data_keys, regions):
        module.forget()
    for number in range(20):
        sealed = seal(MESSAGE, f"cmg_{number}", f"case/cas_{number}", b"Ana")
        assert unseal(MESSAGE, f"cmg_{number}", f"case/cas_{number}", sealed) == b"Ana"
    assert len(Service.asked) == 2, "one to wrap the region's key, one to open it"
    Service.refuses = True
    for module in (data_keys, regions):
        module.forget()
    with pytest.raises(RootUnavailable, match=root.name):
        seal(MESSAGE, "cmg_1", "case/cas_1", b"Ana")


def test_a_token_that_was_renewed_is_used_without_a_restart(service: str, credentials: Path) -> None:
    root = transit(service, credentials)
    credentials.write_text("expired\n")
    with pytest.raises(RootUnavailable, match="status 403") as refused:
        root.wrap(SECRET, "a")
    assert "expired" not in str(refused.value)
    credentials.write_text("bao-token\n")
    assert root.wrap(SECRET, "a")


def test_a_root_that_is_not_there_says_so(credentials: Path) -> None:
    with pytest.raises(RootUnavailable, match="does not answer"):
        transit("http://127.0.0.1:9", credentials).wrap(SECRET, "a")
    credentials.unlink()
    with pytest.raises(RootUnavailable, match="cannot be read"):
        root_at("transit:http://127.0.0.1:9/transit/key").wrap(SECRET, "a")


@pytest.mark.parametrize(
    "address",
    [
        "vault.key", "file:", "transit:bao.example/transit/key", "transit:http://bao.example/transit/key",
        "transit:https://bao.example/key", "aws-kms:eu-central-1", "aws-kms:eu-central-1/key@http://kms.example",
    ],
)  # fmt: skip
def test_an_address_that_is_no_root_or_not_private_is_refused(address: str, credentials: Path) -> None:
    with pytest.raises(VaultError):
        root_at(address)


def test_a_root_on_another_machine_needs_to_know_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "VAULT_CREDENTIALS_FILE", "")
    with pytest.raises(VaultError, match="SAFECONDUCT_VAULT_CREDENTIALS_FILE"):
        root_at("transit:https://bao.example/transit/key")


def test_a_root_in_a_file_opens_what_it_wrapped_and_no_other_file_does(tmp_path: Path) -> None:
    for name in ("one", "two"):
        create_key_file(tmp_path / name)
    one, two = (root_at(f"file:{tmp_path / name}") for name in ("one", "two"))
    wrapped = one.wrap(SECRET, "a")
    assert one.unwrap(wrapped, "a") == SECRET and one.name != two.name
    for root, context in ((two, "a"), (one, "b")):
        with pytest.raises(RootUnavailable):
            root.unwrap(wrapped, context)
    assert KeyRoot(RootKey(1, SECRET)).name == KeyRoot(RootKey(2, SECRET)).name
    with pytest.raises(RootUnavailable, match="no root key"):
        root_at(f"file:{tmp_path / 'three'}")
