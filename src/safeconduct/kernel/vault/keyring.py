"""All use of keys: whoever holds root, regions' keys and data keys answers these questions, and gives out no key.

A `Keyring` holds them itself. It knows no database: what it is asked about comes with the question, wrapped. So the
same class serves in the application's own process, and alone in a key process (`key_process`), where no database is.
It keeps what it has unwrapped for a while: keys of regions for `REGIONS_KEPT_S`, data keys for `KEPT_S` seconds.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

from safeconduct.kernel.vault.configuration import earlier_root_address, root_address
from safeconduct.kernel.vault.errors import KeyUseRefused, RootUnavailable, SealBroken
from safeconduct.kernel.vault.framing import framed
from safeconduct.kernel.vault.key_file import derive
from safeconduct.kernel.vault.key_types import DataKey, Hashed, Item, Region, Roots
from safeconduct.kernel.vault.keys import purpose_keys, root_names
from safeconduct.kernel.vault.roots import roots_at
from safeconduct.kernel.vault.sealed_macs import all_hashed, kind_of
from safeconduct.kernel.vault.signed_keys import SIGNED

REGIONS_KEPT_S: Final = 600.0
KEPT_S: Final = 300.0
_MOST_KEPT: Final = 50_000
_LOOK_S: Final = 1.0
_NONCE: Final = 12

#: Data keys of these purposes seal private keys that sign: what they sealed is opened for nobody.
SIGNING: Final = frozenset({"record key"})
#: Which keys of their own, derived from a data key, make keyed hashes.
TAGS: Final = frozenset({b"passkeys of people"})
#: What is given out: passwords of logins, which are for PostgreSQL. They are derived from the root key, and say nothing
#: about it or about each other.
GIVEN_OUT: Final = ("database/",)
#: Purposes that seal or wrap, or that others are made of, and so make no keyed hash.
_NO_HASH: Final = ("seal/", "vault/", "django", *GIVEN_OUT)
_FINDING: Final = "address of an account"


class KeyUse(Protocol):
    """Whoever holds the keys. Each question is about many at once; all raise RootUnavailable where the root, or the key
    process, does not answer."""

    def roots(self) -> Roots:
        """The root keys there are."""

    def wrapping(self) -> tuple[str, ...]:
        """The names of the roots that open keys of regions, that which wraps first. Raises VaultError."""

    def hashes(self, asked: Sequence[tuple[str, bytes]]) -> Hashed:
        """HMAC-SHA256 of messages, each under the keys of a purpose. Raises KeyUseRefused."""

    def given_out(self, purpose: str) -> tuple[bytes, ...]:
        """The key of a purpose from each root key there is (`GIVEN_OUT`). Raises KeyUseRefused for any other."""

    def new_region(self, name: str, version: int) -> tuple[str, bytes]:
        """A new key of a region: the root's name, and the key as that wraps it."""

    def rewrapped(self, region: Region) -> tuple[str, bytes]:
        """A region's key as the root in use wraps it."""

    def check(self, region: Region, root: str = "", *, anew: bool = True) -> None:
        """Opens a region's key, by the root of this name alone where one is named. Raises RootUnavailable where it does
        not open. Not ``anew``: what was opened lately is believed."""

    def make(self, owners: Collection[tuple[str, str]], region: Region) -> list[DataKey]:
        """New data keys for subjects and purposes."""

    def rewrap(self, keys: Sequence[DataKey], region: Region) -> list[bytes]:
        """Data keys as another key of a region wraps them. Raises SealBroken."""

    def seal(self, items: Sequence[Item]) -> list[bytes]:
        """AES-256-GCM: nonce, ciphertext and tag. Raises SealBroken for a data key that was moved or changed."""

    def open(self, items: Sequence[Item]) -> list[bytes | None]:
        """What `seal` was given; None where it does not open. Raises as `seal` does, KeyUseRefused."""

    def seal_for_finding(self, items: Sequence[Item]) -> list[bytes]:
        """AES-256-SIV (RFC 5297): the same bytes of the same value. Raises as `seal` does."""

    def open_found(self, items: Sequence[Item]) -> list[bytes | None]:
        """What `seal_for_finding` was given. Raises as `open` does."""

    def tags(self, items: Sequence[Item]) -> list[bytes]:
        """HMAC-SHA256 of the data, under a key derived from the data key for what it is bound to (`TAGS`)."""

    def macs(self, kind: str, item: Item, messages: Sequence[bytes]) -> list[bytes]:
        """Keyed hashes of messages under a secret that is sealed in the item (`sealed_macs.KINDS`). Raises SealBroken,
        KeyUseRefused."""

    def new_signer(self, item: Item) -> tuple[bytes, bytes]:
        """A new Ed25519 key: its public half, and the private one as `seal` seals it."""

    def sign(self, item: Item, messages: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
        """Public half of a private key that `new_signer` sealed, and its signatures. Raises SealBroken."""

    def destroyed(self, ids: Collection[int]) -> None:
        """The rows of these data keys are gone: the keys are kept no longer either."""

    def drop(self, *, regions: bool = False) -> None:
        """Keeps no data key, or no key of a region, that was opened in this process."""


class _Opened:
    """A data key that is at hand."""

    __slots__ = ("cipher", "finding", "key", "secret")

    def __init__(self, key: DataKey, secret: bytes) -> None:
        self.key, self.secret, self.cipher = key, secret, AESGCM(secret)
        self.finding: AESSIV | None = None


class Keyring:
    """Keys that this process holds itself (`KeyUse`)."""

    def __init__(self) -> None:
        self._regions: dict[Region, AESGCM] = {}
        self._opened: dict[bytes, _Opened] = {}
        #: What was made last. Of those only who is used is kept: many owners have a key already.
        self._made: dict[bytes, _Opened] = {}
        self._regions_since = self._opened_since = self._look_at = 0.0

    def roots(self) -> Roots:
        """See `KeyUse`."""
        return root_names()

    def wrapping(self) -> tuple[str, ...]:
        """See `KeyUse`."""
        return tuple(root.name for root in roots_at(root_address()))

    def hashes(self, asked: Sequence[tuple[str, bytes]]) -> Hashed:
        """See `KeyUse`."""
        found = []
        for purpose, said in asked:
            first, *others = _hashing(purpose)
            one = (hmac.digest(first, said, "sha256"),)  # most often there is one root key
            found.append((*one, *[hmac.digest(key, said, "sha256") for key in others]) if others else one)
        return Hashed(root_names(), found)

    def given_out(self, purpose: str) -> tuple[bytes, ...]:
        """See `KeyUse`."""
        if not purpose.startswith(GIVEN_OUT):
            raise KeyUseRefused("keys of that purpose are given to nobody")
        return purpose_keys(purpose)

    def new_region(self, name: str, version: int) -> tuple[str, bytes]:
        """See `KeyUse`."""
        root = roots_at(root_address())[0]
        return root.name, root.wrap(secrets.token_bytes(32), _context(name, version))

    def rewrapped(self, region: Region) -> tuple[str, bytes]:
        """See `KeyUse`."""
        root = roots_at(root_address())[0]
        return root.name, root.wrap(_secret_of(region), _context(region.name, region.version))

    def check(self, region: Region, root: str = "", *, anew: bool = True) -> None:
        """See `KeyUse`."""
        self._age()
        if anew:
            _secret_of(region, root)
        else:
            self._wrapper(region)

    def make(self, owners: Collection[tuple[str, str]], region: Region) -> list[DataKey]:
        """See `KeyUse`."""
        self._age()
        wrapper = self._wrapper(region)
        made: dict[bytes, _Opened] = {}
        for subject, purpose in owners:
            number, secret = secrets.randbits(63), secrets.token_bytes(32)
            bound = _bound(number, subject, purpose, region.version)
            key = DataKey(number, subject, purpose, region, _sealed(wrapper, secret, bound))
            made[key.wrapped] = _Opened(key, secret)
        self._made = made
        return [one.key for one in made.values()]

    def rewrap(self, keys: Sequence[DataKey], region: Region) -> list[bytes]:
        """See `KeyUse`."""
        self._age()
        wrapper = self._wrapper(region)
        return [
            _sealed(wrapper, self._at_hand(key).secret, _bound(key.id, key.subject, key.purpose, region.version))
            for key in keys
        ]

    def seal(self, items: Sequence[Item]) -> list[bytes]:
        """See `KeyUse`."""
        self._age()
        made = []
        for item in items:
            nonce = os.urandom(_NONCE)
            made.append(nonce + self._cipher(item.key, item.salt).encrypt(nonce, item.data, item.bound))
        return made

    def open(self, items: Sequence[Item]) -> list[bytes | None]:
        """See `KeyUse`."""
        self._age()
        found: list[bytes | None] = []
        for item in items:
            if item.key.purpose in SIGNING:
                raise KeyUseRefused("a private key that signs is opened for nobody")
            data = item.data
            try:
                found.append(self._cipher(item.key, item.salt).decrypt(data[:_NONCE], data[_NONCE:], item.bound))
            except (InvalidTag, ValueError):
                found.append(None)
        return found

    def seal_for_finding(self, items: Sequence[Item]) -> list[bytes]:
        """See `KeyUse`."""
        self._age()
        return [self._finding(item.key).encrypt(item.data, [item.bound]) for item in items]

    def open_found(self, items: Sequence[Item]) -> list[bytes | None]:
        """See `KeyUse`."""
        self._age()
        found: list[bytes | None] = []
        for item in items:
            try:
                found.append(self._finding(item.key).decrypt(item.data, [item.bound]))
            except (InvalidTag, ValueError):
                found.append(None)
        return found

    def tags(self, items: Sequence[Item]) -> list[bytes]:
        """See `KeyUse`."""
        self._age()
        if any(item.bound not in TAGS for item in items):
            raise KeyUseRefused("no keyed hash is made for that")
        return [
            hmac.digest(derive(self._at_hand(item.key).secret, item.bound.decode()), item.data, "sha256")
            for item in items
        ]

    def macs(self, kind: str, item: Item, messages: Sequence[bytes]) -> list[bytes]:
        """See `KeyUse`."""
        self._age()
        does = kind_of(kind, item.key.purpose)
        try:
            secret = self._cipher(item.key, item.salt).decrypt(item.data[:_NONCE], item.data[_NONCE:], item.bound)
            return all_hashed(does, secret, messages)
        except (InvalidTag, ValueError):
            raise SealBroken("a sealed secret does not open: moved or changed") from None

    def new_signer(self, item: Item) -> tuple[bytes, bytes]:
        """See `KeyUse`."""
        self._age()
        private = Ed25519PrivateKey.generate()
        sealed = _sealed(self._cipher(item.key, item.salt), private.private_bytes_raw(), item.bound)
        return private.public_key().public_bytes_raw(), sealed

    def sign(self, item: Item, messages: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
        """See `KeyUse`."""
        self._age()
        try:
            private = Ed25519PrivateKey.from_private_bytes(
                self._cipher(item.key, item.salt).decrypt(item.data[:_NONCE], item.data[_NONCE:], item.bound)
            )
        except (InvalidTag, ValueError):
            raise SealBroken("a private key does not open: moved or changed") from None
        return private.public_key().public_bytes_raw(), [private.sign(message) for message in messages]

    def destroyed(self, ids: Collection[int]) -> None:
        """See `KeyUse`."""
        gone = set(ids)
        self._made = {}
        self._opened = {wrapped: one for wrapped, one in self._opened.copy().items() if one.key.id not in gone}

    def drop(self, *, regions: bool = False) -> None:
        """See `KeyUse`."""
        if regions:
            self._regions, self._regions_since = {}, time.monotonic()
        else:
            self._opened, self._made, self._opened_since = {}, {}, time.monotonic()

    def _cipher(self, key: DataKey, salt: bytes) -> AESGCM:
        opened = self._opened.get(key.wrapped)
        if opened is None or opened.key is not key:
            opened = self._at_hand(key)
        # A key derivation in one step (NIST SP 800-56C section 4).
        return AESGCM(hmac.digest(opened.secret, salt, "sha256")) if salt else opened.cipher

    def _finding(self, key: DataKey) -> AESSIV:
        """AES-256-SIV takes 64 bytes; a data key has 32."""
        opened = self._at_hand(key)
        if opened.finding is None:
            opened.finding = AESSIV(derive(opened.secret, _FINDING, 64))
        return opened.finding

    def _at_hand(self, key: DataKey) -> _Opened:
        known = self._opened.get(key.wrapped)
        if known is not None and (known.key is key or known.key == key):
            return known
        known = self._made.pop(key.wrapped, None)
        if known is not None and known.key == key:
            self._opened[key.wrapped] = known
            return known
        bound = _bound(key.id, key.subject, key.purpose, key.region.version)
        try:
            secret = self._wrapper(key.region).decrypt(key.wrapped[:_NONCE], key.wrapped[_NONCE:], bound)
        except (InvalidTag, ValueError):
            raise SealBroken(f"data key {key.id} of {key.subject} does not open: moved or changed") from None
        known = self._opened[key.wrapped] = _Opened(key, secret)
        return known

    def _wrapper(self, region: Region) -> AESGCM:
        found = self._regions.get(region)
        if found is None:
            found = self._regions[region] = AESGCM(_secret_of(region))
        return found

    def _age(self) -> None:
        """What was opened stays in memory for a while only, and only so much of it."""
        now = time.monotonic()
        if now < self._look_at and len(self._opened) <= _MOST_KEPT:
            return
        self._look_at = now + _LOOK_S
        if now - self._opened_since > KEPT_S or len(self._opened) > _MOST_KEPT:
            self.drop()
        if now - self._regions_since > REGIONS_KEPT_S:
            self.drop(regions=True)


def _sealed(cipher: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, bound)


def _secret_of(region: Region, only: str = "") -> bytes:
    """A region's key, opened by the first root that wraps it. Raises RootUnavailable."""
    roots = [root for root in roots_at(root_address()) if only in ("", root.name)]
    wraps = dict(region.wraps)
    if not only and (before := earlier_root_address()) is not None and not any(root.name in wraps for root in roots):
        roots += roots_at(before)
    for root in roots:
        if root.name in wraps:
            return root.unwrap(wraps[root.name], _context(region.name, region.version))
    names = " or ".join([root.name for root in roots] or [only])
    raise RootUnavailable(
        f"region key {region.version} is not wrapped by {names}: run `safeconduct vault rotate --root` with"
        " SAFECONDUCT_VAULT_ROOT_BEFORE naming the root that wraps it; where a backup was restored that is older"
        " than the root key file, `safeconduct vault root-key bring-back` with the file of that time"
    )


def _context(name: str, version: int) -> str:
    """What the root binds a region's key to."""
    return f"{root_names().deployment}/{name}/{version}"


def _bound(identity: int, subject: str, purpose: str, version: int) -> bytes:
    return _head(root_names().deployment) + framed(str(identity), subject, purpose, str(version))


@lru_cache(maxsize=4)
def _head(deployment: str) -> bytes:
    return framed("safeconduct key", deployment)


def _hashing(purpose: str) -> tuple[bytes, ...]:
    _must_hash(purpose)
    return purpose_keys(purpose)


@lru_cache(maxsize=64)
def _must_hash(purpose: str) -> None:
    if purpose.startswith(_NO_HASH) or (purpose.startswith("signed/") and purpose not in SIGNED):
        raise KeyUseRefused("no keyed hash is made with keys of that purpose")
