"""Seeds of one-time passwords, and the keys that recovery codes are hashed with, sealed to the person whose they are:
one that is moved to somebody else's row does not open there.

allauth seals and opens a seed without saying whose it is. So whoever is about to says it (`of`); else it is the person
of the request. A seed that is sealed outside both is bound to its table only, as all were in an earlier version; it
opens still, and `safeconduct vault rotate --old-values` binds it to the person of its row.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from allauth.core import context

from safeconduct.kernel.parties.models import User
from safeconduct.kernel.vault import data_keys, sealing
from safeconduct.kernel.vault.errors import SealBroken
from safeconduct.kernel.vault.resealing import Stored
from safeconduct.kernel.vault.sealing import Column, Place, seal, unseal

FACTOR: Final = Column("mfa_authenticator.data", "factor")
_ROW: Final = "mfa_authenticator"
#: What stands before a seed that is bound to its person; base64 has no dot.
_BOUND: Final = "person."
_whose: ContextVar[str] = ContextVar("safeconduct_factor_of", default="")


#: Seeds of one-time passwords that are not bound to their person yet.
SECRETS: Final = Stored(
    FACTOR,
    f"SELECT id, '{_ROW}' AS place, 'person/' || user_id, decode(data->>'secret', 'base64') FROM mfa_authenticator"
    f" WHERE id > %s AND data ? 'secret' AND data->>'secret' NOT LIKE '{_BOUND}%%' ORDER BY id LIMIT %s FOR UPDATE",
    "UPDATE mfa_authenticator t SET data = jsonb_set(t.data, '{secret}',"
    f" to_jsonb('{_BOUND}' || translate(encode(w.sealed, 'base64'), E'\\n', '')))"
    " FROM unnest(%b::bigint[], %b::bytea[]) AS w(id, sealed) WHERE t.id = w.id",
    first=0,
    sealed_as=data_keys.DEPLOYMENT,
)


@contextmanager
def of(person_id: str) -> Iterator[None]:
    """What is sealed or opened inside is this person's."""
    token = _whose.set(person_id)
    try:
        yield
    finally:
        _whose.reset(token)


def sealed(text: str) -> str:
    """A seed, as allauth keeps it."""
    person = _person()
    subject = f"person/{person}" if person else data_keys.DEPLOYMENT
    made = base64.b64encode(seal(FACTOR, _ROW, subject, text.encode())).decode()
    return f"{_BOUND}{made}" if person else made


def opened(kept: str) -> str:
    """A seed as it was. Raises SealBroken for one that is not of this person."""
    return unseal(FACTOR, _ROW, _subject_of(kept), _bytes_of(kept)).decode()


def macs(kind: str, kept: str, messages: Sequence[bytes]) -> list[bytes]:
    """Keyed hashes of messages under a seed or key of this person, which is not given out (`sealed_macs.KINDS`). Raises
    SealBroken as `opened` does."""
    return sealing.macs(kind, FACTOR, Place(_ROW, _subject_of(kept)), _bytes_of(kept), messages)


def _subject_of(kept: str) -> str:
    """To whom a seed has to be sealed."""
    if not kept.startswith(_BOUND):
        return data_keys.DEPLOYMENT
    if not (person := _person()):
        raise SealBroken("a seed of a second factor opens only for its person, and nobody said whose it is")
    return f"person/{person}"


def _bytes_of(kept: str) -> bytes:
    return base64.b64decode(kept.removeprefix(_BOUND))


def _person() -> str:
    user = getattr(context.request, "user", None)
    return _whose.get() or (user.id if isinstance(user, User) else "")
