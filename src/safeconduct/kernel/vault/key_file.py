"""The root key file: one key, and while it is being replaced the next or the earlier one beside it.

A file of one key is 64 hexadecimal digits. A file of two says what each is for, and which deployment this is, because
that is bound into every sealed value and must outlive the key it once followed from::

    deployment 8f0c5a7be1d2439c
    current 2 a3…
    earlier 1 07…

A `next` key is known and signs nothing yet; an `earlier` one still opens and finds what it made.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BYTES: Final = 32
_LINE: Final = re.compile(r"(current|next|earlier) ([1-9]\d{0,5}) ([0-9a-f]{64})")
_DEPLOYMENT: Final = re.compile(r"deployment ([0-9a-f]{16})")
_WAY_OUT: Final = "`safeconduct vault root-key` writes such files, see docs/operations.md, section Keys"


class KeyFileError(RuntimeError):
    """The root key cannot be used; the message names the file and the way out."""


def derive(root: bytes, purpose: str, length: int = 32) -> bytes:
    """The key of one purpose: HKDF-SHA256 (RFC 5869), so that one says nothing about another."""
    return HKDF(algorithm=SHA256(), length=length, salt=b"safeconduct", info=purpose.encode()).derive(root)


@dataclass(frozen=True, slots=True)
class RootKey:
    """One root key. Its number is for people; it is told apart by its name, which is no secret."""

    number: int
    secret: bytes = field(repr=False)

    @property
    def name(self) -> str:
        return "file/" + derive(self.secret, "vault/fingerprint", 4).hex()


@dataclass(frozen=True, slots=True)
class RootKeys:
    """What a root key file holds: at most one key beside the current one."""

    deployment: str
    current: RootKey
    next: RootKey | None = None
    earlier: RootKey | None = None

    @property
    def all(self) -> tuple[RootKey, ...]:
        """The current key first."""
        return (self.current, *(key for key in (self.next, self.earlier) if key is not None))

    @property
    def oldest(self) -> RootKey:
        """The key that has served longest: the earlier one until it is retired."""
        return self.earlier or self.current

    def with_next(self) -> RootKeys:
        """With a new key that signs nothing yet. Raises KeyFileError where there are two already."""
        self._must_be_one()
        made = RootKey(self.current.number + 1, secrets.token_bytes(_BYTES))
        return RootKeys(self.deployment, self.current, next=made)

    def with_earlier(self, keys: RootKeys) -> RootKeys:
        """With the current key of a file from before. Raises KeyFileError where it is of another deployment."""
        self._must_be_one()
        if keys.deployment != self.deployment:
            raise KeyFileError("that root key file is of another deployment; its keys would open nothing here")
        if keys.current.secret == self.current.secret:
            raise KeyFileError(f"that root key file holds the key that is in use already ({self.current.name})")
        return RootKeys(self.deployment, self.current, earlier=keys.current)

    def in_use(self) -> RootKeys:
        """The next key is the current one, and the current one the earlier."""
        return self if self.next is None else RootKeys(self.deployment, self.next, earlier=self.current)

    def alone(self) -> RootKeys:
        """Without the earlier key."""
        return RootKeys(self.deployment, self.current, self.next)

    def _must_be_one(self) -> None:
        if len(self.all) > 1:
            raise KeyFileError(
                "the root key file holds two keys already: finish that replacement first, `safeconduct vault root-key"
                " status` says what is left of it"
            )

    def text(self) -> str:
        """As it stands in the file."""
        lines = [f"deployment {self.deployment}"]
        for word, key in (("current", self.current), ("next", self.next), ("earlier", self.earlier)):
            if key is not None:
                lines.append(f"{word} {key.number} {key.secret.hex()}")
        return "\n".join(lines) + "\n"


def read_keys(path: Path) -> RootKeys:
    """What a file holds. Raises KeyFileError where it is missing, or neither one key nor a file of several."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise KeyFileError(f"there is no root key at {path}; create it with `safeconduct keys create`") from None
    except UnicodeDecodeError:
        text = ""
    if not text.startswith("deployment"):
        return _of_one(path, text)
    head, *lines = text.splitlines()
    deployment = _DEPLOYMENT.fullmatch(head.strip())
    found: dict[str, RootKey] = {}
    for line in lines:
        said = _LINE.fullmatch(line.strip())
        if said is None or said[1] in found:
            raise KeyFileError(f"{path} has a line that is no key of its own kind (line {len(found) + 2}); {_WAY_OUT}")
        found[said[1]] = RootKey(int(said[2]), bytes.fromhex(said[3]))
    if deployment is None or "current" not in found or len(found) > 2:
        raise KeyFileError(f"{path} must name a deployment, a current key, and at most one beside it; {_WAY_OUT}")
    return RootKeys(deployment[1], found["current"], found.get("next"), found.get("earlier"))


def create_key_file(path: Path) -> None:
    """Writes a new root key, readable by its owner only. Raises KeyFileError where a file stands there already."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileError(
            f"{path} exists; a root key is never overwritten, because all that it sealed would be lost"
        ) from None
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(_BYTES) + "\n")


def write_keys(path: Path, keys: RootKeys) -> None:
    """Puts these keys in the place of a file at once, or makes it: whoever reads sees the file of before or this one,
    also after a crash. Readable by its owner only, who stays the same."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            with contextlib.suppress(FileNotFoundError, PermissionError):
                whose = path.stat()
                os.fchown(file.fileno(), whose.st_uid, whose.st_gid)
            file.write(keys.text())
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _of_one(path: Path, text: str) -> RootKeys:
    try:
        root = bytes.fromhex(text)
    except ValueError:
        root = b""
    if len(root) != _BYTES:
        raise KeyFileError(f"{path} must hold 64 hexadecimal digits (32 bytes) and nothing else, or be a file of keys")
    return RootKeys(derive(root, "deployment")[:8].hex(), RootKey(1, root))
