"""Every use of cryptography stands in docs/security-inventory.md, with what it is for, and nothing else does."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cryptography_uses import SOURCE, of_python, operations, uses

INVENTORY = Path(__file__).resolve().parent.parent / "docs" / "security-inventory.md"
_ROW = re.compile(r"\| ([^|]+) \| ([^|]+) \| (`[^|]+`) \|")


def written() -> dict[str, set[str]]:
    """Operation → files, of the table; a folder stands for all files in it that use the operation."""
    text = (
        INVENTORY.read_text(encoding="utf-8")
        .partition("## Every place that uses cryptography")[2]
        .partition("\n## ")[0]
    )
    found: dict[str, set[str]] = {}
    for operation, _purpose, places in _ROW.findall(text):
        found.setdefault(operation.strip(), set()).update(re.findall(r"`([^`]+)`", places))
    return found


def pairs(found: dict[str, set[str]]) -> set[tuple[str, str]]:
    return {(operation, file) for operation, files in found.items() for file in files}


def test_every_use_of_cryptography_is_in_the_inventory_and_nothing_else() -> None:
    listed = written()
    assert listed, "the table is there"
    folders = {place for places in listed.values() for place in places if place.endswith("/")}
    used = {
        operation: {next((f for f in folders if file.startswith(f) and f in listed.get(operation, ())), file)
                    for file in files}
        for operation, files in uses().items()
    }  # fmt: skip
    assert pairs(used) - pairs(listed) == set(), "used, and not in docs/security-inventory.md"
    assert pairs(listed) - pairs(used) == set(), "in docs/security-inventory.md, and not used"


def test_numbers_that_can_be_told_in_advance_are_for_the_demo_world_alone() -> None:
    told = uses()["repeatable numbers"]
    assert all(file.startswith(("demo/", "cli/demo_")) for file in told)


def test_a_use_is_found_however_it_is_written() -> None:
    for text, operation in (
        ("import hashlib\nhashlib.sha256(b'')", "SHA-256"),
        ("from hashlib import sha256 as quick\nquick(b'')", "SHA-256"),
        ("import hashlib as h\nh.md5(b'')", "hashlib.md5"),
        ("import hashlib\nhashlib.new('MD5', b'')", "hashlib.md5"),
        ("import hashlib\nwith_it = getattr(hashlib, 'sha' + '1')", "hashlib"),
        ("import hmac\nhmac.digest(b'k', b'm', 'sha1')", "SHA-1"),
        ("import hmac\nhmac.new(b'k', b'm', digestmod='md5')", "hashlib.md5"),
        ("from os import urandom\nurandom(8)", "random numbers"),
        ("import os\nos.urandom(8)", "random numbers"),
        ("import random\nrandom.random()", "random.random"),
        ("from Crypto.Cipher import AES\nAES.new(b'')", "Crypto.Cipher.AES.new"),
        ("import cryptography.hazmat.primitives.ciphers.aead as aead\naead.ChaCha20Poly1305(b'')",
         "cryptography.hazmat.primitives.ciphers.aead.ChaCha20Poly1305"),
        ("query('SELECT md5(email) FROM person')", "SQL md5"),
        ("query(f'SELECT sha256({column}) FROM person')", "SHA-256"),
        ("signature = pow(message, secret, modulus)", "Ed25519"),
        ("import ssl\nssl._create_unverified_context()", "connection"),
        ("import jwt\njwt.encode({}, 'k')", "jwt.encode"),
    ):  # fmt: skip
        assert operation in operations(of_python(text)), text
    for text in ("import zlib\nzlib.compress(b'')", "import os\nos.fsync(1)", "import numpy as np\nnp.array([1])"):
        assert operations(of_python(text)) == set()


def test_the_folder_that_is_looked_through_is_the_product() -> None:
    assert (SOURCE / "kernel" / "vault" / "sealing.py").exists()
