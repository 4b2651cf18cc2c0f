"""Commitments: what stands in the public record instead of a decision's content.

``commit = HMAC-SHA256(salt, canonical payload)``. Whoever has the salt and the payload can show that this is what was
written down; without the salt, nobody can find the payload by trying. The salt lies beside the log (`record_detail`)
and can be destroyed: what is left in the record then is a number that says nothing about anyone.

A payload may have a part that its subject is not shown. That part is committed to under the second half of the salt,
and its commitment stands in the payload: who is shown the rest sees that the part was fixed at the same time, and
nothing of it.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from safeconduct.foundation.canonical_json import LARGEST, canonical

#: Sixteen bytes for what is shown, sixteen for what is withheld: 128 bits each cannot be tried through.
SALT_BYTES = 32
_HALF = SALT_BYTES // 2

Payload = Mapping[str, Any]


def commit(payload: Payload, withheld: Payload | None = None) -> tuple[bytes, str]:
    """A fresh salt, to be kept apart from the log, and the commitment, which stands in it.

    Values are those `canonical_json` takes; `plain` makes them of others. Raises NotCanonical.
    """
    salt = os.urandom(SALT_BYTES)
    return salt, commitment(salt, payload, withheld)


def commitment(salt: bytes, payload: Payload, withheld: Payload | None = None) -> str:
    """The commitment to a payload under this salt, in hex."""
    if withheld is not None:
        payload = {**payload, "withheld": _hmac(salt[_HALF:], withheld)}
    return _hmac(salt[:_HALF], payload)


def disclosure(salt: bytes, payload: Payload, withheld: Payload | None = None) -> tuple[Payload, str]:
    """What the subject is given to check the commitment: payload and half of the salt, in hex; never the other half."""
    if withheld is not None:
        payload = {**payload, "withheld": _hmac(salt[_HALF:], withheld)}
    return payload, salt[:_HALF].hex()


def plain(value: Any) -> Any:
    """A value of JSON so that it has one canonical form, the same before and after the database has kept it as jsonb.

    Fractions and large numbers become text; a fraction without a fractional part is a whole number.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is int:
        return value if -LARGEST <= value <= LARGEST else str(value)
    if kind is float:
        if not value.is_integer():
            return repr(value)
        # jsonb keeps the digits that were written, and shows a large number without its exponent.
        return plain(int(value) if abs(value) <= LARGEST else int(Decimal(repr(value))))
    if kind is dict:
        return {key: part if type(part) is str else plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [part if type(part) is str else plain(part) for part in value]
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(f"{kind.__name__} cannot stand in a payload")


def stamp(at: datetime) -> str:
    """A time as entries and payloads spell it: UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"


def _hmac(salt: bytes, payload: Payload) -> str:
    return hmac.digest(salt, canonical(payload), "sha256").hex()
