"""The ciphers and hashes the vault stands on, against the answers of Project Wycheproof; AES-SIV, for which none lie
here, against those of its RFC."""

from __future__ import annotations

import ast
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from safeconduct.kernel.vault import sealing

VECTORS = Path(__file__).parent / "wycheproof"  # C2SP/wycheproof, Apache-2.0; licence beside them
SIGNATURES = Path(__file__).parents[2] / "foundation" / "merkle" / "wycheproof"
SOURCE = Path(sealing.__file__).parents[2]
#: What seals, opens, derives and signs, and where: each has its answers below.
TESTED = {
    "cryptography.hazmat.primitives.ciphers.aead.AESGCM",
    "cryptography.hazmat.primitives.ciphers.aead.AESSIV", "cryptography.hazmat.primitives.kdf.hkdf.HKDF",
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


#: RFC 5297, appendices A.1 and A.2: key, what is bound, plain text, sealed text.
SIV = (
    (
        "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        ["101112131415161718191a1b1c1d1e1f2021222324252627"],
        "112233445566778899aabbccddee",
        "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c",
    ),
    (
        "7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f",
        [
            "00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100",
            "102030405060708090a0",
            "09f911029d74e35bd84156c5635688c0",
        ],
        "7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553",
        (
            "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17"
            "dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d"
        ),
    ),
)


@pytest.mark.parametrize(("key", "bound", "plain", "sealed"), SIV)
def test_aes_siv_seals_as_its_rfc_and_opens_nothing_that_was_changed(
    key: str, bound: list[str], plain: str, sealed: str
) -> None:
    cipher, told = AESSIV(bytes.fromhex(key)), [bytes.fromhex(one) for one in bound]
    assert cipher.encrypt(bytes.fromhex(plain), told).hex() == sealed
    whole = bytes.fromhex(sealed)
    assert cipher.decrypt(whole, told).hex() == plain
    for at in range(len(whole)):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with pytest.raises(InvalidTag):
            cipher.decrypt(changed, told)
    with pytest.raises(InvalidTag):
        cipher.decrypt(whole, [*told, b""])


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
    """Also of `hmac`: SHA-256 and no other hash, but for one-time passwords, whose answers in RFC 4226 stand in
    `test_sealed_macs`."""
    used, hashes = set(), []
    for path in [
        *SOURCE.glob("kernel/**/*.py"),
        *SOURCE.glob("foundation/**/*.py"),
        *SOURCE.glob("protections/**/*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cryptography.hazmat"):
                used |= {f"{node.module}.{name.name}" for name in node.names}
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("hmac.digest", "hmac.new"):
                hashes.append((path.name, ast.unparse(node.args[-1])))
    assert used == TESTED
    others = [one for one in hashes if one[1] not in {"'sha256'", "hashlib.sha256", "sha256"}]
    assert others == [("sealed_macs.py", "'sha1'")]
