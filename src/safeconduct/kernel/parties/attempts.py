"""Wrong passwords, and wrong codes of a second step, counted apart for browsers a person has used before and for all
others together.

So whoever guesses from elsewhere slows down only others who come from elsewhere: the owner's own browser, known by a
cookie, keeps its own count (OWASP, *device cookies*; ASVS 5.0, 6.1.1). An attempt is counted before the password is
looked at, in one statement, so that parallel guesses cannot slip past; the right password takes its count back.
Addresses without an account are counted alike, so that nobody learns which exist.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from safeconduct.foundation.host_cookies import host_cookie
from safeconduct.foundation.ids import new_id
from safeconduct.kernel.parties.models import SignInDevice, User
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.holder import hashed, steady_hash

#: The house's own numbers within NIST SP 800-63B-4, 3.2.2 (at most 100 failures in a row for one authenticator).
UNKNOWN_FREE: Final = 5
UNKNOWN_END: Final = 50
KNOWN_FREE: Final = 10
KNOWN_END: Final = 100
#: So many browsers are remembered for one person; the one unused for longest is forgotten.
DEVICES: Final = 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that is counted: from which device (empty: an unknown one), and the how-manieth failure it would be."""

    address: str
    device: str
    number: int

    @property
    def last(self) -> bool:
        """Whether no password is taken any more from where this one came, if it is wrong."""
        return self.number == (KNOWN_END if self.device else UNKNOWN_END)


def cookie_name(person_id: str) -> str:
    """The cookie of a person's device; each person who shares a browser has their own."""
    return _cookie_names(person_id)[0]


def cookie_of(cookies: Mapping[str, str], person_id: str) -> str:
    """What a browser shows as the device of a person; empty where it shows nothing. A browser that was known before
    the root key was replaced has the cookie under the name of that time."""
    return next((cookies[name][:100] for name in _cookie_names(person_id) if cookies.get(name)), "")


def _cookie_names(person_id: str) -> list[str]:
    names = ["device_" + found.hex()[:12] for found in hashed("device-cookie", person_id.encode()).digests[0]]
    return [host_cookie(name, secure=settings.SESSION_COOKIE_SECURE) for name in names]


def begin(address: str, device: str, at: datetime) -> Attempt | None:
    """Counts a try; None where it must not be made yet, or at all. Needs a scope of its own, committed at once.

    Unknown devices: 5 tries, then a wait that doubles from 30 seconds to an hour, none after 50. A known one: 10, then
    a wait that grows by 30 seconds to 15 minutes, none after 100. What has ended starts anew with a new password.
    """
    row = query(
        "INSERT INTO sign_in_failures AS f (address_hash, device, failures, last_at)"
        " VALUES (%b::bytea, %s::text, 1, %s::timestamptz)"
        " ON CONFLICT (address_hash, device) DO UPDATE SET failures = f.failures + 1, last_at = excluded.last_at"
        " WHERE CASE WHEN f.device = '' THEN f.failures < %s::int AND (f.failures < %s::int OR excluded.last_at >="
        "   f.last_at + make_interval(secs => least(30 * power(2, least(f.failures - %s::int, 10)), 3600)))"
        "  ELSE f.failures < %s::int AND (f.failures < %s::int OR excluded.last_at >="
        "   f.last_at + make_interval(secs => least(30 * (f.failures - %s::int + 1), 900))) END"
        " RETURNING failures",
        [
            _hash_of(address), device, at, UNKNOWN_END, UNKNOWN_FREE, UNKNOWN_FREE, KNOWN_END, KNOWN_FREE, KNOWN_FREE,
        ],
    ).fetchone()  # fmt: skip
    return None if row is None else Attempt(address, device, int(row[0]))


def succeeded(attempt: Attempt) -> None:
    """The password was right: its own count starts anew, and no other."""
    query("DELETE FROM sign_in_failures WHERE address_hash = %b AND device = %s", [
        _hash_of(attempt.address), attempt.device,
    ])  # fmt: skip


def codes_of(person_id: str) -> str:
    """Under what tries of a person's second step are counted, beside those of the password: no address looks so."""
    return f"second-step/{person_id}"


def forgive(address: str) -> None:
    """All counts of an address (or of `codes_of` a person) start anew: its password has been changed."""
    query("DELETE FROM sign_in_failures WHERE address_hash = %b", [_hash_of(address)])


def device_of(person: User, token: str) -> str:
    """The id of the person's device that this cookie names; empty where there is none."""
    if not token:
        return ""
    found = SignInDevice.objects.filter(cookie_hash=_token_hash(token), person=person).values_list("id", flat=True)
    return found.first() or ""


def is_of(token: str, cookie_hash: bytes) -> bool:
    """Whether a cookie is that of a known browser."""
    return hmac.compare_digest(_token_hash(token), cookie_hash)


def remember(person: User, token: str, at: datetime) -> tuple[str, bool]:
    """Knows the browser from now on; returns its cookie, and whether it was unknown. Drops the oldest beyond 20."""
    known = SignInDevice.objects.filter(cookie_hash=_token_hash(token), person=person) if token else None
    if known is not None and known.update(last_used_at=at):
        return token, False
    fresh = secrets.token_urlsafe(32)
    SignInDevice.objects.create(
        id=new_id("dvc"), person=person, cookie_hash=_token_hash(fresh), created_at=at, last_used_at=at
    )
    newest = SignInDevice.objects.filter(person=person).order_by("-last_used_at", "-id").values("id")[:DEVICES]
    SignInDevice.objects.filter(person=person).exclude(id__in=newest).delete()
    return fresh, True


def devices_of(person: User) -> list[SignInDevice]:
    """The browsers a person is known by, the last used first; at most `DEVICES`. One query."""
    return list(SignInDevice.objects.filter(person=person).order_by("-last_used_at", "-id")[:DEVICES])


def forget_devices(person: User) -> int:
    """Every browser of the person is unknown again; how many were known."""
    return SignInDevice.objects.filter(person=person).delete()[0]


def _hash_of(address: str) -> bytes:
    return steady_hash("sign-in-address", address.strip().lower().encode())


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
