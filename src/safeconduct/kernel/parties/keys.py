"""API keys: made, shown once, rotated, held to reading, ended. Only the SHA-256 of a key is kept.

A key is the marketplace's, made by a member of its staff or at the command line; it works as long as whoever made it
is of the staff. Those of sellers' apps stand in `app_grants`. A key carries 256 random bits, so a plain hash suffices:
there is nothing to guess. Every verb needs an open scope of the engine or of staff.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
import zlib
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from safeconduct.kernel.parties.models import ApiKey, User
from safeconduct.kernel.parties.security_events import Happened, Level, note
from safeconduct.kernel.scope import Actor

PREFIX: Final = "sck_"
#: The longest a key lives (security research of 2026-11-23, 2.7), and how long an old one goes on beside its successor.
LIFE: Final = timedelta(days=180)
OVERLAP: Final = timedelta(days=7)
#: Signal S20: a key that is made soon after a doubtful sign-in only reads for a day.
READS_ONLY: Final = timedelta(hours=24)
MOST_NETWORKS: Final = 20
_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: 32 random bytes and a CRC-32 in base 62: an id to be told by, the secret, and what a typing error breaks.
_SECRET: Final = re.compile(PREFIX + "([0-9A-Za-z]{8}_[0-9A-Za-z]{43})([0-9A-Za-z]{6})", re.ASCII)
#: Keys of before 2026-12 had neither id nor check digits; they end within 180 days of the change.
_FORMER: Final = re.compile(PREFIX + "[A-Za-z0-9_-]{43}", re.ASCII)


class Scope(StrEnum):
    """What a key may do. None includes another. What ends in `:read` changes nothing."""

    EVENTS_WRITE = "events:write"
    DECISIONS_READ = "decisions:read"
    DECISIONS_WRITE = "decisions:write"
    LABELS_WRITE = "labels:write"
    LISTS_READ = "lists:read"
    LISTS_WRITE = "lists:write"
    POLICIES_READ = "policies:read"
    POLICIES_WRITE = "policies:write"
    COVERAGE_READ = "coverage:read"
    DISPUTES_READ = "disputes:read"
    DISPUTES_WRITE = "disputes:write"
    FAIRNESS_READ = "fairness:read"
    MONEY_READ = "money:read"
    RETURNS_READ = "returns:read"
    RETURNS_WRITE = "returns:write"
    RETURN_HUBS_WRITE = "return-hubs:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


class KeyRefused(ValueError):
    """A key cannot be made or changed as asked; ``field`` names what is wrong, the message says how to mend it."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def create_key(
    name: str,
    scopes: Iterable[str],
    actor: Actor,
    *,
    at: datetime,
    expires_at: datetime | None = None,
    networks: Collection[str] = (),
    reads_only: bool = False,
    replaces: ApiKey | None = None,
    seller_key: int | None = None,
) -> tuple[ApiKey, str]:
    """Makes a key and returns it with its secret, which can never be shown again.

    ``expires_at``: at most `LIFE` from now, which it is where nothing is given. ``networks``: the only addresses it may
    be used from, each alone or as a network (203.0.113.0/24); empty: from anywhere. ``reads_only``: its scopes that
    write begin after `READS_ONLY`. ``seller_key``: the seller whose app it is for. Raises KeyRefused, naming the field.
    """
    name = name.strip()
    if not 1 <= len(name) <= 120:
        raise KeyRefused(_("a key needs a name of 1 to 120 letters, which says who uses it"), "name")
    ends = at + LIFE if expires_at is None else expires_at
    if ends <= at:
        raise KeyRefused(_("the key would have expired before it is made; choose a later time"), "expires_at")
    if ends > at + LIFE:
        raise KeyRefused(_("a key lives %d days at most; choose an earlier time") % LIFE.days, "expires_at")
    hint, secret = _fresh_secret()
    key = ApiKey.objects.create(
        name=name, hint=hint, secret_hash=digest(secret), scopes=_scopes(scopes), created_by=actor.id[:40],
        created_at=at, expires_at=ends, networks=networks_of(networks), replaces=replaces,
        reads_only_until=at + READS_ONLY if reads_only else None, seller_key=seller_key,
    )  # fmt: skip
    _note(_made_kind(key), key, actor, at, {"scopes": key.scopes, "reads_only": reads_only})
    return key, secret


def rotate_key(
    key_id: str, actor: Actor, *, at: datetime, reads_only: bool = False, overlap: timedelta = OVERLAP,
    seller_key: int | None = None,
) -> tuple[ApiKey, str]:  # fmt: skip
    """Makes a successor with the same name, scopes and networks; the key itself goes on for `overlap`, so that whoever
    uses it can change over. At most two of a line live at once. ``seller_key``: of the seller whose app has it, which
    lives as long as the key before was given; no other app's key is there. Raises KeyRefused.
    """
    key = _locked(key_id)
    if key.seller_key != seller_key:
        raise KeyRefused(_("there is no key %s") % key_id[:40])
    if not is_live(key, at):
        raise KeyRefused(_("this key has ended; make a new one"))
    if key.demoted_at is not None:
        raise KeyRefused(_("the rights to write were taken from this key; make a new one if it is to write again"))
    if ApiKey.objects.filter(replaces=key, revoked_at__isnull=True).exists():
        raise KeyRefused(_("this key has a successor already; revoke that one first if it is not to be used"))
    if key.replaces is not None and is_live(key.replaces, at):
        raise KeyRefused(
            _("the key before this one still works; revoke it first, so that no more than two live at once")
        )
    doubtful = reads_only or (key.reads_only_until is not None and key.reads_only_until > at)
    made, secret = create_key(
        key.name, key.scopes, actor, at=at, networks=key.networks, reads_only=doubtful, replaces=key,
        expires_at=None if seller_key is None else at + (key.expires_at - key.created_at), seller_key=seller_key,
    )  # fmt: skip
    key.expires_at = min(key.expires_at, at + overlap)
    key.save(update_fields=["expires_at"])
    return made, secret


def revoke_key(key_id: str, actor: Actor, *, at: datetime) -> ApiKey:
    """Ends a key at once and for ever. Raises KeyRefused where there is none. Revoking twice changes nothing."""
    key = _locked(key_id)
    if key.revoked_at is None:
        key.revoked_at = at
        key.save(update_fields=["revoked_at"])
        _note("key_revoked" if key.seller_key is None else "app_ended", key, actor, at, {})
    return key


def end_keys_of(person_id: str, actor: Actor, *, at: datetime) -> list[str]:
    """Ends every key that a person made, because they leave; returns which. Who comes back has new ones made."""
    return _all_of(person_id, ApiKey.objects.filter(expires_at__gt=at), "key_revoked", {"revoked_at": at}, actor, at)


def demote_keys_since(person_id: str, since: datetime, actor: Actor, *, at: datetime) -> list[str]:
    """Takes the rights to write from every key that a person made since a moment, for good; returns which.

    For *this was not me*: what reads goes on, so that a shop does not stand still while somebody looks. A key that is
    to write again is made anew. Apps that were connected since end: a thief reads with them. May be repeated.
    """
    newer = ApiKey.objects.filter(created_at__gte=since, demoted_at__isnull=True, expires_at__gt=at)
    ended = _all_of(person_id, newer.filter(seller_key__isnull=False), "app_ended", {"revoked_at": at}, actor, at)
    own = newer.filter(seller_key__isnull=True)
    return ended + _all_of(person_id, own, "key_demoted", {"demoted_at": at}, actor, at)


def used_elsewhere(key_id: str, *, at: datetime) -> bool:
    """Notes that a key was used from an address it is not for, once a day; whether this was the first time that day."""
    today = at.date()
    first = ApiKey.objects.filter(id=key_id).exclude(elsewhere_on=today).update(elsewhere_on=today) > 0
    if first:
        _note("key_used_elsewhere", ApiKey.objects.get(id=key_id), Actor("engine", "engine"), at, {}, Level.ALERT)
    return first


def is_live(key: ApiKey, at: datetime) -> bool:
    """Whether the key has not ended. Whether whoever made it is still there, the gate asks."""
    return key.revoked_at is None and key.expires_at > at


def keys(*, at: datetime, limit: int = 200) -> list[ApiKey]:
    """The marketplace's own keys, the living first, then the newest; at most `limit`. One query."""
    found = list(ApiKey.objects.filter(seller_key__isnull=True).order_by("-created_at", "-id")[:limit])
    return sorted(found, key=lambda key: not is_live(key, at))


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def looks_like_a_key(secret: str) -> bool:
    """Whether a text has the form of a key and its check digits hold, so that nothing else is ever looked up."""
    found = _SECRET.fullmatch(secret)
    if found is None:
        return _FORMER.fullmatch(secret) is not None
    return _check_digits(PREFIX + found[1]) == found[2]


def _fresh_secret() -> tuple[str, str]:
    """What a key is told by, and the whole of it."""
    hint = PREFIX + "".join(secrets.choice(_LETTERS) for _place in range(8))
    body = f"{hint}_{_base62(int.from_bytes(secrets.token_bytes(32)), 43)}"
    return hint, body + _check_digits(body)


def _check_digits(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), 6)


def _base62(number: int, width: int) -> str:
    found = ""
    for _place in range(width):
        number, digit = divmod(number, 62)
        found = _LETTERS[digit] + found
    return found


def _scopes(scopes: Iterable[str]) -> list[str]:
    known = {scope.value for scope in Scope}
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in known]
    if unknown or not wanted:
        there = ", ".join(sorted(known))
        if unknown:
            raise KeyRefused(_("there is no scope '%(scope)s'; there are %(there)s") % {
                "scope": unknown[0], "there": there,
            }, "scopes")  # fmt: skip
        raise KeyRefused(_("a key without scopes can do nothing; there are %s") % there, "scopes")
    return wanted


def networks_of(networks: Collection[str]) -> list[str]:
    """The networks that were written, each once, as they are kept; `KeyRefused` names the one that is none."""
    found = []
    for text in networks:
        try:
            found.append(str(ipaddress.ip_network(text.strip())))
        except ValueError:
            wrong = _("“%s” is no address or network; write 203.0.113.7 or 203.0.113.0/24")
            raise KeyRefused(wrong % text.strip()[:60], "networks") from None
    if len(found) > MOST_NETWORKS:
        raise KeyRefused(_("a key has %d networks at most; name a larger one instead") % MOST_NETWORKS, "networks")
    return sorted(set(found))


def _made_kind(key: ApiKey) -> str:
    if key.seller_key is None:
        return "key_made"
    return "app_connected" if key.replaces is None else "app_renewed"


def _locked(key_id: str) -> ApiKey:
    key = ApiKey.objects.select_for_update().filter(id=key_id).first()
    if key is None:
        raise KeyRefused(_("there is no key %s") % key_id[:40])
    return key


def _note(
    kind: str, key: ApiKey, actor: Actor, at: datetime, facts: dict[str, object], level: Level = Level.NOTICE
) -> None:
    """Tells it of whoever made the key, and the seller whose app it is; one that was made at the command line is
    nobody's."""
    maker = User.objects.filter(id=key.created_by).values_list("id", flat=True).first()
    note([Happened(kind, level, maker, key.seller_key, {"key": key.id, **facts})], actor, at)


def _all_of(
    person_id: str, among: QuerySet[ApiKey], kind: str, change: dict[str, datetime], actor: Actor, at: datetime
) -> list[str]:
    """Changes those of a person's keys that are not revoked, locked in one order, and tells of each."""
    rows = among.filter(created_by=person_id, revoked_at__isnull=True).order_by("id")
    found = list(rows.select_for_update().values_list("id", "seller_key"))
    ids = [key for key, _seller in found]
    ApiKey.objects.filter(id__in=ids).update(**change)
    note([Happened(kind, Level.ALERT, person_id, seller, {"key": key}) for key, seller in found], actor, at)
    return ids
