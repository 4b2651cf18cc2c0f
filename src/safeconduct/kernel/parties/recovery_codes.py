"""Recovery codes: made while the page that shows them is written, seen there once, and kept as hashes.

A code has 24 letters, 120 random bits. From 112 bits on a look-up secret may be kept under an approved hash alone (NIST
SP 800-63B, 5.1.2.2; ASVS 5.0, 6.5.2). The hash is HMAC-SHA256 with a key that each set of codes has of its own, sealed
to its person (`factors`): hashes that somebody writes or moves into another's row open nothing there.

Codes of an earlier version have eight digits, 26 bits, and came from a seed. They go on to work, by Argon2id with salt
before the key; the seed is gone with the first try, and at the latest when `hash_earlier` has run.

In allauth's row ``data`` is empty until the codes are made, and then holds ``key`` (sealed), ``codes`` (hashes of those
that are left) and, for the earlier ones, ``salt``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from typing import Any, Final

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import auth, flows
from argon2.low_level import Type, hash_secret_raw

from safeconduct.kernel.parties import factors, paper_codes
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.passwords import Argon2id
from safeconduct.kernel.scope import query, savepoint, visitor_scope
from safeconduct.kernel.vault.errors import KeyUseRefused, SealBroken

#: So many letters: 120 bits.
LENGTH: Final = 24
#: So many digits had a code that was made of a seed.
EARLIER_LENGTH: Final = 8
_KEY_BYTES, _SALT_BYTES = 32, 16


class RecoveryCodes(auth.RecoveryCodes):  # type: ignore[misc]
    """A person's recovery codes, in the place of allauth's, which keeps a seed that gives all of them again."""

    instance: Authenticator
    _made: list[str]

    def __init__(self, instance: Authenticator) -> None:
        super().__init__(instance)
        self._made = []

    @classmethod
    def activate(cls, user: User) -> RecoveryCodes:
        """Codes that are still to be made: nobody has to keep them until they are shown."""
        kind = Authenticator.Type.RECOVERY_CODES
        return cls(Authenticator.objects.get_or_create(user=user, type=kind, defaults={"data": {}})[0])

    @property
    def did_view(self) -> bool:
        """Whether they were made, which is when they are shown."""
        return "codes" in self.instance.data or "viewed_at" in self.instance.data

    def mark_as_viewed(self) -> None:
        """Makes the codes, which `get_unused_codes` of this object gives, and no other ever. Of two who ask at once one
        gets them."""
        if self.did_view:
            return
        made = [paper_codes.make(LENGTH) for _number in range(app_settings.RECOVERY_CODE_COUNT)]
        kept = _kept(self.instance.user_id, made)
        if query(
            "UPDATE mfa_authenticator SET data = %s::jsonb WHERE id = %s AND NOT data ?| array['codes', 'viewed_at']",
            [json.dumps(kept), self.instance.pk],
        ).rowcount:
            self.instance.data, self._made = kept, [paper_codes.shown(code) for code in made]
        else:
            self._read_again()

    def get_unused_codes(self) -> list[str]:
        """As many as are left, each empty unless this object has just made them."""
        return self._made or [""] * self._left()

    def validate_code(self, code: str) -> bool:
        """Uses a code up, in one statement: of two who show it at once one gets in. Raises SealBroken for codes that
        were put into this row from another."""
        letters = paper_codes.read(code)
        if len(letters) not in (LENGTH, EARLIER_LENGTH):
            return False  # a code of an app, which nothing needs to be opened or computed for
        self.hash_earlier()
        data = self.instance.data
        if "codes" not in data or (len(letters) == EARLIER_LENGTH) != ("salt" in data):
            return False
        with factors.of(self.instance.user_id):
            (made,) = factors.macs("recovery code", data["key"], [_told(data.get("salt", ""), letters)])
        kept = made.hex()
        return bool(
            query(
                "UPDATE mfa_authenticator SET data = jsonb_set(data, '{codes}', (data->'codes') - %s::text)"
                " WHERE id = %s AND data->'codes' ? %s::text",
                [kept, self.instance.pk, kept],
            ).rowcount
        )

    def hash_earlier(self) -> bool:
        """Keeps what is left of codes of an earlier version as hashes, and destroys their seed. Those that were never
        shown are made anew when they are. Whether there was a seed; raises SealBroken for one from another's row."""
        if "seed" not in self.instance.data:
            return False
        with savepoint():
            self._read_again(locked=True)
            if "seed" not in self.instance.data:
                return False
            kept: dict[str, Any] = {}
            if self.did_view:
                with factors.of(self.instance.user_id):
                    left = super().get_unused_codes()
                kept = _kept(self.instance.user_id, left, salt=secrets.token_hex(_SALT_BYTES))
            query("UPDATE mfa_authenticator SET data = %s::jsonb WHERE id = %s", [json.dumps(kept), self.instance.pk])
            self.instance.data = kept
        return True

    def _left(self) -> int:
        data = self.instance.data
        if "seed" in data and self.did_view:
            return int(app_settings.RECOVERY_CODE_COUNT) - int(data["used_mask"]).bit_count()
        return len(data.get("codes", ()))

    def _read_again(self, *, locked: bool = False) -> None:
        rows = Authenticator.objects.filter(pk=self.instance.pk).values_list("data", flat=True)
        found = (rows.select_for_update() if locked else rows).first()
        self.instance.data = {"codes": []} if found is None else found  # others were made in the meantime


def hash_earlier() -> int:
    """Hashes everybody's codes of an earlier version; how many people's. A transaction for each: Argon2id takes a third
    of a second for ten codes, and whoever signs in meanwhile waits for their own row only. Several may run at once."""
    done, after = 0, 0
    while True:
        with visitor_scope():
            row = (
                Authenticator.objects.select_for_update(skip_locked=True)
                .filter(type=Authenticator.Type.RECOVERY_CODES, data__has_key="seed", id__gt=after)
                .order_by("id").first()
            )  # fmt: skip
            if row is None:
                return done
            after = row.pk
            try:
                done += RecoveryCodes(row).hash_earlier()
            except (SealBroken, KeyUseRefused):  # it opens nothing, or nothing here; its person hears when they try
                continue


def take_their_place() -> None:
    """allauth takes its class by name in these two places, and no setting names another."""
    auth.RecoveryCodes = flows.RecoveryCodes = RecoveryCodes


def _kept(person_id: str, codes: Iterable[str], *, salt: str = "") -> dict[str, Any]:
    key = secrets.token_bytes(_KEY_BYTES)
    with factors.of(person_id):
        kept = {"key": factors.sealed(key.hex()), "codes": [_hash(key, salt, code) for code in codes]}
    return kept | ({"salt": salt} if salt else {})


def _hash(key: bytes, salt: str, letters: str) -> str:
    return hmac.new(key, _told(salt, letters), hashlib.sha256).hexdigest()


def _told(salt: str, letters: str) -> bytes:
    """What is hashed with the key: the code, or of an earlier one its Argon2id."""
    told = letters.encode()
    if salt:
        told = hash_secret_raw(
            told, bytes.fromhex(salt), time_cost=Argon2id.time_cost, memory_cost=Argon2id.memory_cost,
            parallelism=Argon2id.parallelism, hash_len=32, type=Type.ID,
        )  # fmt: skip
    return told
