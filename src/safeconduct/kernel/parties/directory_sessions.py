"""Sessions that began at the company's directory, and end when the person signs out there (OpenID Connect Back-Channel
Logout 1.0).

A session keeps the directory's name for it (`sid`) as a keyed hash, with whose directory it is; where the directory
gives none, that it began there. What somebody began here with a password or passkey of ours is not the directory's, and
goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest

from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.identities import subject_hashes
from safeconduct.kernel.parties.models import StaffIdentity, User
from safeconduct.kernel.parties.security_events import Level
from safeconduct.kernel.parties.sessions import Ended
from safeconduct.kernel.scope import ENGINE_ACTOR, query
from safeconduct.kernel.vault.holder import hashed

#: Where the answer of the directory is kept until the sign-in is complete.
_BEGUN: Final = "begun_at_directory"


def remember(request: HttpRequest, person: User, issuer: str, claims: Mapping[str, Any]) -> None:
    """Keeps, until this sign-in is complete, that it began at the directory, and in which session there."""
    sid = claims.get("sid")
    (name, *_before) = _names(issuer, sid if isinstance(sid, str) else "")
    request.session[_BEGUN] = {"person": person.id, "name": name.hex()}


def taken(request: HttpRequest, person: User) -> bytes | None:
    """What `remember` kept for this person, once; None for a sign-in that did not begin there."""
    begun = request.session.pop(_BEGUN, None)
    return bytes.fromhex(begun["name"]) if begun is not None and begun["person"] == person.id else None


def sign_out(issuer: str, subject: str, sid: str, began_until: datetime, at: datetime) -> int:
    """Ends what began at the directory for this person, for this session there, or for both (one may be empty), but
    what began after ``began_until``; how many sessions. Repeating it ends nothing more. Needs an engine scope."""
    people = None
    if subject:
        known = StaffIdentity.objects.filter(subject_hash__in=subject_hashes(issuer, subject).digests[0])
        people = list(known.values_list("person_id", flat=True))
    # Without `sid` all of the person's are meant; with it also those of which the directory gave none.
    names = None if not sid else [*_names(issuer, sid), *(_names(issuer, "") if subject else ())]
    ended = query(
        "WITH over AS (UPDATE sign_in_session SET ended_at = %s, ended_why = %s WHERE ended_at IS NULL"
        "  AND directory IS NOT NULL AND started_at <= %s AND (%b::text[] IS NULL OR person_id = ANY (%b::text[]))"
        "  AND (%b::bytea[] IS NULL OR directory = ANY (%b::bytea[])) RETURNING person_id)"
        " SELECT person_id, count(*) FROM over GROUP BY person_id ORDER BY person_id",
        [at, Ended.BY_DIRECTORY.value, began_until, people, people, names, names],
    ).fetchall()
    facts = {person: {"ended": count} for person, count in ended}
    security_events.note_for_people(facts, "signed_out_at_directory", Level.INFO, ENGINE_ACTOR, at)
    return sum(count for _person, count in ended)


def _names(issuer: str, sid: str) -> list[bytes]:
    """The directory's name for a session, as it is kept under each root key there is; that in use first."""
    return list(hashed("directory-session", f"{issuer}\n{sid}".encode()).digests[0])
