"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature), with Ed25519.

A note is text and signature lines. A checkpoint is a note whose text is a log's name (*origin*), its size and its root:
who signs it answers for every entry below it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 1
COSIGNATURE = 4
_NAME = re.compile(r"[^\s+]+")
_LARGEST_NOTE = 1_000_000


class NoteRefused(ValueError):
    """A note, key or checkpoint is malformed, or a signature is not that of the key; the message says which."""


def key_id(name: str, public: bytes, algorithm: int = ED25519) -> bytes:
    """The four bytes that say in a signature line which key it is of."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a key, with its name: what is published, and pinned by who wants to check.

    ``algorithm``: `ED25519` for the log itself, `COSIGNATURE` for a witness, who signs a time too.
    """

    name: str
    public: bytes
    algorithm: int = ED25519

    @property
    def id(self) -> bytes:
        return key_id(self.name, self.public, self.algorithm)

    def __str__(self) -> str:
        """``name+id+key``, the text that is pinned."""
        encoded = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Reads the text form. Raises NoteRefused."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
            raise NoteRefused("a verifier key looks like name+8 hexadecimal digits+base64")
        data = _decode(parts[2])
        if len(data) != 33 or data[0] not in {ED25519, COSIGNATURE}:
            raise NoteRefused("the verifier key is not of Ed25519 (1 and 32 bytes)")
        key = cls(parts[0], data[1:], data[0])
        if key.id.hex() != parts[1].lower():
            raise NoteRefused("the verifier key's id does not fit its name and bytes; it was copied incompletely")
        return key


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature of a note: whose, which key's, and its bytes."""

    name: str
    id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {base64.b64encode(self.id + self.signature).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """Text and its signatures; not checked yet (`verified`)."""

    text: str
    signatures: tuple[SignatureLine, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(f"{line}\n" for line in self.signatures)

    @classmethod
    def parse(cls, whole: str) -> Note:
        """Cuts a note into text and signatures. Raises NoteRefused."""
        text, separator, tail = whole.rpartition("\n\n")
        if not separator or not tail.endswith("\n") or len(whole) > _LARGEST_NOTE:
            raise NoteRefused("a note is text, an empty line, and signature lines, each ended by a new line")
        if any(ord(letter) < 0x20 and letter != "\n" for letter in whole):
            raise NoteRefused("a note holds no control characters")
        return cls(text + "\n", tuple(signature_line(line) for line in tail[:-1].split("\n")))

    def verified(self, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """The keys among these that signed. Raises NoteRefused where none did, or a signature is wrong."""
        known = {(key.name, key.id): key for key in keys}
        signed = []
        for line in self.signatures:
            key = known.get((line.name, line.id))
            if key is not None and key not in signed:
                _check(key, self.text, line)
                signed.append(key)
        if not signed:
            raise NoteRefused("none of the known keys signed this note")
        return tuple(signed)

    def with_lines(self, lines: Iterable[SignatureLine]) -> Note:
        """The note with more signatures; those it has already are not repeated."""
        return Note(self.text, (*self.signatures, *(line for line in lines if line not in self.signatures)))


def signature_line(line: str) -> SignatureLine:
    """Reads one signature line. Raises NoteRefused."""
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = _decode(encoded)
    if dash != "—" or not _NAME.fullmatch(name) or len(data) < 5:
        raise NoteRefused("a signature line looks like: — name base64")
    return SignatureLine(name, data[:4], data[4:])


class Signer(Protocol):
    """Whoever signs with an Ed25519 key; where its private half lies is its own affair."""

    @property
    def public(self) -> bytes:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""


def sign(text: str, name: str, key: Ed25519PrivateKey | Signer) -> Note:
    """Signs a text that ends with a new line."""
    if not text.endswith("\n") or not _NAME.fullmatch(name):
        raise NoteRefused("a note's text ends with a new line, and a key's name holds no space and no plus")
    public = key.public_key().public_bytes_raw() if isinstance(key, Ed25519PrivateKey) else key.public
    return Note(text, (SignatureLine(name, key_id(name, public), key.sign(text.encode())),))


def cosign(text: str, name: str, key: Ed25519PrivateKey, at_s: int) -> SignatureLine:
    """A witness's signature under a checkpoint that it saw at this time (Unix seconds)."""
    public = key.public_key().public_bytes_raw()
    signature = key.sign(_seen(text, at_s))
    return SignatureLine(name, key_id(name, public, COSIGNATURE), at_s.to_bytes(8, "big") + signature)


def witnessed_at(line: SignatureLine) -> int:
    """When a witness signed, in Unix seconds."""
    return int.from_bytes(line.signature[:8], "big")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's name, its number of entries, and the root over them."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Reads a checkpoint's text; further lines are allowed and ignored. Raises NoteRefused."""
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0] or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
            raise NoteRefused("a checkpoint is origin, size and root, each on a line of its own")
        root = _decode(lines[2])
        if len(root) != 32:
            raise NoteRefused("a checkpoint's root has 32 bytes")
        return cls(lines[0], int(lines[1]), root)


def _check(key: VerifierKey, text: str, line: SignatureLine) -> None:
    message, signature = text.encode(), line.signature
    if key.algorithm == COSIGNATURE:
        message, signature = _seen(text, witnessed_at(line)), line.signature[8:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature:
        raise NoteRefused(f"the signature of {key.name} does not fit the text") from None


def _seen(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise NoteRefused("base64 cannot be read") from None
