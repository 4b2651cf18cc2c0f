"""The ciphers and hashes the vault stands on, against the answers of Project Wycheproof."""

from __future__ import annotations

import ast
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from safeconduct.kernel.vault import sealing

VECTORS = Path(__file__).parent / "wycheproof"  # C2SP/wycheproof, Apache-2.0; licence beside them
SIGNATURES = Path(__file__).parents[2] / "foundation" / "merkle" / "wycheproof"
SOURCE = Path(sealing.__file__).parents[2]
#: What seals, opens, derives and signs, and where: each has its answers below.
TESTED = {
    "cryptography.hazmat.primitives.ciphers.aead.AESGCM", "cryptography.hazmat.primitives.kdf.hkdf.HKDF",
    "cryptography.hazmat.primitives.hashes.SHA256",
    "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PrivateKey",
    "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PublicKey",
}  # fmt: skip


def cases(name: str, folder: Path = VECTORS, **shape: int) -> list[Any]:
    groups = json.loads((folder / f"{name}_test.json").read_text(encoding="utf-8"))["testGroups"]
    found = [
        pytest.param(group, case, id=f"{case['tcId']}-{case['result']}")
        for group in groups
        if all(group[key] == value for key, value in shape.items())
        for case in group["tests"]
    ]
    assert len(found) > 50, f"the file of {name} holds too few cases"
    return found


@pytest.mark.parametrize(("group", "case"), cases("aes_gcm", ivSize=96, keySize=256, tagSize=128))
def test_aes_256_gcm_opens_what_is_whole_and_nothing_else(group: dict[str, Any], case: dict[str, str]) -> None:
    key, nonce, aad, plain = (bytes.fromhex(case[name]) for name in ("key", "iv", "aad", "msg"))
    sealed = bytes.fromhex(case["ct"] + case["tag"])
    if case["result"] == "invalid":
        with pytest.raises(InvalidTag):
            AESGCM(key).decrypt(nonce, sealed, aad)
    else:
        assert AESGCM(key).decrypt(nonce, sealed, aad) == plain
        assert AESGCM(key).encrypt(nonce, plain, aad) == sealed


@pytest.mark.parametrize(("group", "case"), cases("hkdf_sha256"))
def test_hkdf_gives_the_keys_it_should(group: dict[str, Any], case: dict[str, Any]) -> None:
    secret, salt, info = (bytes.fromhex(case[name]) for name in ("ikm", "salt", "info"))
    if case["result"] == "invalid":
        with pytest.raises(ValueError, match="larger"):
            HKDF(SHA256(), case["size"], salt, info)
    else:
        assert HKDF(SHA256(), case["size"], salt, info).derive(secret).hex() == case["okm"]


@pytest.mark.parametrize(("group", "case"), cases("hmac_sha256"))
def test_hmac_agrees_on_every_tag(group: dict[str, Any], case: dict[str, str]) -> None:
    made = hmac.digest(bytes.fromhex(case["key"]), bytes.fromhex(case["msg"]), "sha256")[: group["tagSize"] // 8]
    assert hmac.compare_digest(made, bytes.fromhex(case["tag"])) is (case["result"] == "valid")


@pytest.mark.parametrize(("group", "case"), cases("ed25519", SIGNATURES))
def test_what_signs_receipts_takes_the_right_signatures_and_no_others(
    group: dict[str, Any], case: dict[str, str]
) -> None:
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(group["publicKey"]["pk"]))
    signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
    if case["result"] == "valid":
        public.verify(signature, message)
    else:
        with pytest.raises(InvalidSignature):
            public.verify(signature, message)


def test_nothing_that_has_no_published_answers_here_seals_or_signs() -> None:
    """Also of `hmac`: SHA-256 and no other hash."""
    used, hashes = set(), set()
    for path in [
        *SOURCE.glob("kernel/**/*.py"),
        *SOURCE.glob("foundation/**/*.py"),
        *SOURCE.glob("protections/**/*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cryptography.hazmat"):
                used |= {f"{node.module}.{name.name}" for name in node.names}
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("hmac.digest", "hmac.new"):
                hashes.add(ast.unparse(node.args[-1]))
    assert used == TESTED
    assert hashes <= {"'sha256'", "hashlib.sha256", "sha256"}
