"""The claims that disputes have joined, one for each line they are about, and the refunds asked for in them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from safeconduct.kernel.claims.models import Refund
from safeconduct.kernel.scope import query

#: What a dispute's refund is called among claims, before the id of its case; for a line with a name its id follows.
KEY: Final = "dispute/"
#: What is more by a new decision after an outside body.
MORE: Final = "/outside"


class Joined(NamedTuple):
    """A claim that a dispute has joined: of which line, and what is claimed of it. ``line``: its name, "" of an order
    without lines."""

    claim_id: str
    line_id: str
    line: str
    claimed_minor: int


class Asked(NamedTuple):
    """A refund that was asked for in a dispute. ``owed_minor``: less what later decisions took off."""

    case_id: str
    state: str
    owed_minor: int


def of_cases(case_ids: Collection[str]) -> dict[str, list[Joined]]:
    """Case → the claims that it has joined, by the names of their lines."""
    found: dict[str, list[Joined]] = {case_id: [] for case_id in case_ids}
    for case_id, *joined in query(
        "SELECT ch.about, ch.claim_id, l.id, l.name, ch.claimed_minor FROM claim_channel ch"
        " JOIN claim c ON c.id = ch.claim_id JOIN claim_line l ON l.id = c.line_id"
        " WHERE ch.kind = 'platform_dispute' AND ch.about = ANY(%s::text[]) ORDER BY ch.about, l.name, ch.opened_at",
        [list(case_ids)],
    ):
        found[case_id].append(Joined(*joined))
    return found


def refunds(case_ids: Collection[str]) -> list[Asked]:
    """What was asked for in these disputes, also in later claims of the same lines."""
    rows = query(
        "SELECT DISTINCT ch.about, r.id, r.state, r.amount_minor - r.called_off_minor - r.not_again_minor"
        " FROM claim_channel ch JOIN claim joined ON joined.id = ch.claim_id"
        " JOIN claim c ON c.line_id = joined.line_id JOIN claim_refund r ON r.claim_id = c.id"
        " WHERE ch.kind = 'platform_dispute' AND ch.about = ANY(%s::text[])"
        " AND (r.key = %s || ch.about OR starts_with(r.key, %s || ch.about || '/')) ORDER BY r.id",
        [list(case_ids), KEY, KEY],
    )
    return [Asked(case_id, state, owed) for case_id, _, state, owed in rows]


def refunds_of(case_id: str) -> list[Refund]:
    """The refunds that were asked for in a dispute, the oldest first, with what was sent once more."""
    ids = query(
        "SELECT r.id FROM claim_channel ch JOIN claim joined ON joined.id = ch.claim_id"
        " JOIN claim c ON c.line_id = joined.line_id JOIN claim_refund r ON r.claim_id = c.id"
        " WHERE ch.kind = 'platform_dispute' AND ch.about = %s AND (r.key = %s OR starts_with(r.key, %s))",
        [case_id, f"{KEY}{case_id}", f"{KEY}{case_id}/"],
    )
    return list(Refund.objects.filter(id__in=[refund for (refund,) in ids]).order_by("requested_at", "id"))


def lines_of(case_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Case → the names of the lines that it is about; none for an order without lines."""
    return {case: tuple(one.line for one in joined if one.line) for case, joined in of_cases(case_ids).items()}
