"""The offline verifier's own Ed25519, against the answers of Project Wycheproof and against another implementation."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safeconduct.kernel.record import verify_record

VECTORS = Path(__file__).parent / "wycheproof" / "ed25519_test.json"  # C2SP/wycheproof, Apache-2.0; licence beside it
GROUPS = json.loads(VECTORS.read_text(encoding="utf-8"))["testGroups"]
CASES = [
    pytest.param(group["publicKey"]["pk"], case, id=f"{case['tcId']}-{case['result']}")
    for group in GROUPS
    for case in group["tests"]
]
KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"a key of these tests").digest())
PUBLIC = KEY.public_key().public_bytes_raw()

#: The points whose order divides eight, as RFC 8032 spells them, and with y written beyond the prime.
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize(("public", "case"), CASES)
def test_the_published_answers_are_given(public: str, case: dict[str, str]) -> None:
    fits = verify_record.signature_fits(bytes.fromhex(public), bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
    assert fits == (case["result"] == "valid"), case["comment"]


def test_it_agrees_with_another_implementation() -> None:
    for number in range(20):
        message = number.to_bytes(2, "big") * number
        signature = KEY.sign(message)
        assert verify_record.signature_fits(PUBLIC, message, signature)
        assert not verify_record.signature_fits(PUBLIC, message + b"x", signature)
        assert not verify_record.signature_fits(PUBLIC, message, signature[:31] + b"\x00" + signature[32:])


def test_a_signature_with_a_number_beyond_the_order_is_refused() -> None:
    signature = KEY.sign(b"text")
    beyond = int.from_bytes(signature[32:], "little") + verify_record.L
    assert not verify_record.signature_fits(PUBLIC, b"text", signature[:32] + beyond.to_bytes(32, "little"))


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_a_key_of_small_order_signs_nothing_although_the_equation_holds(public: str) -> None:
    """With such a key, R = S·B and k·A = 0 for one message in eight: anyone could sign with it."""
    key = bytes.fromhex(public)
    for number in range(64):
        base = verify_record.encode(verify_record.times(number + 1, verify_record.BASE))
        signature = base + (number + 1).to_bytes(32, "little")
        assert not verify_record.signature_fits(key, number.to_bytes(2, "big"), signature)
