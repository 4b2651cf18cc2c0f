"""Writing readings down: in the transaction that opens the data, and before it does.

The database adds the line of the record, and hides from the seller what falls under an embargo, in the same statement:
no caller can forget either. Where this fails, nothing is shown.
"""

from __future__ import annotations

import json
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.parties.models import MemberRole, StaffRole
from safeconduct.kernel.scope import Actor, query
from safeconduct.kernel.vault.holder import steady_hash


class Side(StrEnum):
    """Who reads: the marketplace's staff, the seller's own people, or a machine on behalf of both."""

    STAFF = "staff"
    SELLER = "seller"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Read:
    """What is about to be read: the fields, for what, about which order and person, and whose data it is."""

    scene: str
    fields: tuple[str, ...]
    seller_key: int | None = None
    order_key: int | None = None
    subject_key: int | None = None
    batch: str = ""


#: Actions that were done for a seller may call the actor's role simply "seller".
_MEMBERS: Final = frozenset({*MemberRole.values, "seller"})
_STAFF: Final = frozenset(role for role in StaffRole.values if role)


def side_of(actor: Actor) -> Side:
    """On which side somebody stands, by their role; who is no person is a machine, also at the command line."""
    if not actor.id.startswith("usr_"):
        return Side.MACHINE
    if actor.role in _STAFF:
        return Side.STAFF
    return Side.SELLER if actor.role in _MEMBERS else Side.MACHINE


def alias_of(actor: Actor, seller_key: int | None) -> str:
    """How an actor is called towards a seller: staff by a pseudonym, always the same towards one seller and another
    towards each; members and machines by their id."""
    if side_of(actor) is not Side.STAFF:
        return actor.id
    said = f"{seller_key or 0}/{actor.id}".encode()
    return b32encode(steady_hash("readings/alias", said))[:6].decode()


def note(reads: Sequence[Read], actor: Actor, at: datetime) -> list[str]:
    """Writes these readings down in the open scope; returns their ids. One statement, whatever their number.

    In a seller's scope only of that seller's data.
    """
    if not reads:
        return []
    ids = [new_id("rdg") for _ in reads]
    aliases = {key: alias_of(actor, key) for key in {one.seller_key for one in reads}}
    query(
        "INSERT INTO reading (id, seller_key, concerns, subject_key, order_key, fields, scene, why, batch, side, role,"
        " actor, alias, embargo_basis, at)"
        " SELECT id, concerns, concerns, subject, order_key, ARRAY(SELECT jsonb_array_elements_text(fields::jsonb)),"
        " scene, %s, batch, %s, %s, %s, alias, '', %s"
        " FROM unnest(%b::text[], %b::bigint[], %b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[],"
        " %b::text[]) AS r(id, concerns, subject, order_key, fields, scene, batch, alias)",
        [
            actor.why.strip(), side_of(actor).value, actor.role, actor.id, at, ids, [one.seller_key for one in reads],
            [one.subject_key for one in reads], [one.order_key for one in reads],
            [json.dumps(list(one.fields)) for one in reads], [str(one.scene) for one in reads],
            [one.batch for one in reads], [aliases[one.seller_key] for one in reads],
        ],
    )  # fmt: skip
    return ids
