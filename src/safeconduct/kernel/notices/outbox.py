"""Writing what is to go out, inside the business transaction: rows only. Workers send them.

Both functions take a batch, cost one statement, and may be called with the same keys again: a key that is there is
passed over, so a step that is repeated tells nobody twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.notices.errors import NoticeMalformed
from safeconduct.kernel.notices.kinds import CATALOGUE
from safeconduct.kernel.notices.kinds import MessageKind as MessageKind
from safeconduct.kernel.notices.models import Urgency
from safeconduct.kernel.notices.texts import text_of
from safeconduct.kernel.scope import APP, current_alias, query


@dataclass(frozen=True, slots=True)
class Notice:
    """Something people are told.

    ``key``: the sender's, unique for ever, such as ``hold/hld_…/placed``. ``code``: a text of `texts/`. ``values``:
    exactly those the text declares; money as ``{"minor": 1250, "currency": "USD"}``, times as aware datetimes,
    sentences as ``{"en": …, "zh": …, "es": …}``, lists as lists of sentences; ids and money, never a buyer's personal
    data. ``seller_key``: all members whose role the text is for, and every owner. ``person``: this person (a user's
    id) instead; with a seller too, it stands in the inbox of that seller. ``url``: a path of ours where something can
    be done about it. ``at``: when it happened (UTC). ``urgency``: None for the text's own.
    """

    key: str
    code: str
    values: Mapping[str, Any]
    at: datetime
    seller_key: int | None = None
    person: str | None = None
    url: str = ""
    urgency: Urgency | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """Something the shop's systems are told.

    ``key``: the sender's, unique for ever. ``data``: what `kinds.CATALOGUE` declares for the kind, under 20 kB; times
    as aware datetimes. ``at``: when it happened (UTC).
    """

    key: str
    kind: MessageKind
    data: Mapping[str, Any] = field(repr=False)
    at: datetime
    seller_key: int | None = None


#: What Standard Webhooks 1.0.0 recommends as the largest payload.
LARGEST_BYTES = 20_000
_LONGEST_KEY = 200

_ASKED = """
WITH asked AS (
  SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(
    id text, key text, code text, seller_key bigint, person text, roles text[], "values" jsonb, urgency text, url text,
    at timestamptz)
), made AS (
  INSERT INTO notice (id, key, code, seller_key, person_id, "values", urgency, url, at)
  SELECT id, key, code, seller_key, person, "values", urgency, url, at FROM asked
  ON CONFLICT DO NOTHING
  RETURNING id
), receivers AS (
  SELECT a.id, a.person AS person_id, a.seller_key, a.urgency, a.at
    FROM asked a JOIN made USING (id) WHERE a.person IS NOT NULL
  UNION ALL
  SELECT a.id, m.person_id, a.seller_key, a.urgency, a.at
    FROM asked a JOIN made USING (id)
    JOIN membership m ON m.seller_key = a.seller_key AND m.ended_at IS NULL
      AND (m.expires_at IS NULL OR m.expires_at > a.at) AND (m.role = 'owner' OR m.role = ANY(a.roles))
    JOIN person p ON p.id = m.person_id AND p.is_active
   WHERE a.person IS NULL
), copies AS (
  INSERT INTO notice_copy
    (notice_id, person_id, seller_key, urgency, at, mail_state, mail_at, mail_id, attempts, problem)
  SELECT id, person_id, seller_key, urgency, at, %s, at, '', 0, '' FROM receivers
)
SELECT count(*) FROM made
"""


def notify(requests: Sequence[Notice], *, mail: bool = True) -> int:
    """Writes notices and a copy for each person they concern, in the open transaction. Returns how many are new.

    One statement, whatever their number. A key that is there already is passed over. ``mail=False`` keeps them to the
    inbox, for history that is imported or replayed. Notices to a person without a seller need a scope of engine or
    staff. Raises NoticeMalformed for a text that does not exist, or values it does not declare.
    """
    if not requests:
        return 0
    rows = [_row(request) for request in requests]
    state = "waiting" if mail else "unwanted"
    found = query(_ASKED, [json.dumps(rows, ensure_ascii=False, default=_time), state]).fetchone()
    assert found is not None
    return int(found[0])


def is_wanted(kind: MessageKind) -> bool:
    """Whether some endpoint gets this kind, for who would have to read before they can tell. The sellers' login cannot
    know, and is told yes."""
    if current_alias() == APP:
        return True
    found = query("SELECT EXISTS (SELECT FROM webhook_endpoint WHERE %s = ANY(kinds))", [kind.value]).fetchone()
    assert found is not None
    return bool(found[0])


def publish(messages: Sequence[Message]) -> int:
    """Writes messages for the shop's systems, in the open scope's transaction. Returns how many are new.

    One statement. A key that is there already is passed over, and so is a kind that no endpoint wants (the sellers'
    login cannot see endpoints; what it writes is kept until a worker finds that nobody wants it).

    Raises NoticeMalformed for data that the kind does not declare.
    """
    if not messages:
        return 0
    rows = [
        {
            "id": new_id("msg"), "key": _key(message.kind, message.key), "kind": MessageKind(message.kind).value,
            "seller_key": message.seller_key, "data": dict(message.data), "at": _aware(message.kind, message.at),
        }
        for message in messages
    ]  # fmt: skip
    for message, row in zip(messages, rows, strict=True):
        problem = CATALOGUE[message.kind].problem(message.data)
        if problem:
            raise NoticeMalformed(message.kind, problem)
        if len(json.dumps(row["data"], ensure_ascii=False, default=_time).encode()) > LARGEST_BYTES:
            raise NoticeMalformed(str(row["kind"]), f"the data is larger than {LARGEST_BYTES} bytes; send ids instead")
    wanted = (
        "" if current_alias() == APP else " WHERE EXISTS (SELECT FROM webhook_endpoint e WHERE r.kind = ANY(e.kinds))"
    )
    made = query(
        "INSERT INTO webhook_message (id, key, kind, seller_key, data, at)"
        " SELECT id, key, kind, seller_key, data, at FROM jsonb_to_recordset(%s::jsonb)"
        " AS r(id text, key text, kind text, seller_key bigint, data jsonb, at timestamptz)"
        f"{wanted} ON CONFLICT DO NOTHING",
        [json.dumps(rows, ensure_ascii=False, default=_time)],
    )
    return made.rowcount


def _row(request: Notice) -> dict[str, Any]:
    text = text_of(request.code)
    text.check(request.values)
    if request.seller_key is None and request.person is None:
        raise NoticeMalformed(request.code, "it names neither a seller nor a person")
    if request.url and not request.url.startswith("/"):
        raise NoticeMalformed(request.code, "url must be a path of this site, beginning with /")
    return {
        "id": new_id("ntc"), "key": _key(request.code, request.key), "code": request.code,
        "seller_key": request.seller_key, "person": request.person, "roles": list(text.roles),
        "values": dict(request.values), "urgency": (request.urgency or text.urgency).value, "url": request.url,
        "at": _aware(request.code, request.at),
    }  # fmt: skip


def _key(code: str, key: str) -> str:
    if not key or len(key) > _LONGEST_KEY:
        raise NoticeMalformed(code, f"its key must have 1 to {_LONGEST_KEY} characters")
    return key


def _aware(code: str, at: datetime) -> datetime:
    if at.tzinfo is None:
        raise NoticeMalformed(code, "its time has no zone")
    return at


def _time(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no place in a notice; give JSON values and aware times")
