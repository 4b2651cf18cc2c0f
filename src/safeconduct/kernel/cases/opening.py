"""Opens cases: a batch, once for each key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel import locks
from safeconduct.kernel.cases import machine, publishing
from safeconduct.kernel.cases.errors import CaseMalformed
from safeconduct.kernel.cases.moves import Move, Moved
from safeconduct.kernel.cases.turns import turn
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.cases.workflow import Transition, Workflow
from safeconduct.kernel.scope import Actor, query

_TITLE: Final = {"en": "Opened", "zh": "立案", "es": "Apertura"}
_LONGEST_KEY: Final = 200


@dataclass(frozen=True, slots=True)
class PartyIn:
    """A party to be. ``key``: its pseudonym, for the seller the seller's. Zone, country and language of a seller are
    looked up where they are left out."""

    role: Role
    key: int | None = None
    zone: str = ""
    country: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A case to be opened.

    ``key``: the opener's, unique for ever, such as ``dispute/dsp-4021``. ``about``: an id of another room (a claim, a
    notice). ``route``: how the parcel goes, in words of `floors`. ``carrier``: whose pauses stop its clocks.
    ``evidence``: ids that become its exhibits.
    """

    key: str
    kind: str
    seller_key: int
    parties: tuple[PartyIn, ...]
    actor: Actor
    role: Role
    about: str = ""
    order_key: int | None = None
    amount_minor: int | None = None
    currency: str = ""
    route: str = ""
    carrier: str = ""
    evidence: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def open_cases(requests: Sequence[Opening], *, at: datetime, quiet: bool = False) -> list[str]:
    """Opens these cases and returns their ids in order; a key that is known gives the case it opened the first time.

    ``quiet``: nobody is mailed, for history that is imported or replayed.
    Raises NoSuchKind, CaseMalformed, WorkflowRefused. Evidence of the case's order is added as its exhibits.
    """
    if not requests:
        return []
    for request in requests:
        _check(request)
    locks.orders_in_trouble([request.order_key for request in requests if request.order_key is not None])
    workflows = publishing.in_force({request.kind for request in requests}, at)
    sellers = _sellers([request.seller_key for request in requests])
    fresh: dict[str, Opening] = {}
    for request in requests:
        fresh.setdefault(request.key, request)
    rows = {key: _row(request, workflows[request.kind], at) for key, request in fresh.items()}
    made = _insert(list(rows.values()), at)
    planned = []
    for key in sorted(made):
        workflow = workflows[fresh[key].kind][1]
        parties = [_party(party, sellers.get(fresh[key].seller_key, {})) for party in fresh[key].parties]
        planned.append(_plan(fresh[key], rows[key], parties, workflow))
    _insert_parties(planned)
    _exhibit([(rows[key]["id"], fresh[key]) for key in sorted(made)], at)
    machine.finish(planned, at, {}, quiet=quiet)
    ids = {key: row["id"] for key, row in rows.items() if key in made}
    missing = [key for key in rows if key not in made]
    if missing:
        ids |= dict(query("SELECT key, id FROM case_file WHERE key = ANY(%s::text[])", [missing]).fetchall())
    return [ids[request.key] for request in requests]


def _check(request: Opening) -> None:
    if not 0 < len(request.key) <= _LONGEST_KEY:
        raise CaseMalformed("key", f"has 1 to {_LONGEST_KEY} characters")
    roles = [party.role for party in request.parties]
    if Role.SELLER not in roles or len(set(roles)) != len(roles):
        raise CaseMalformed("parties", "are the seller and others, each role once")
    if (request.amount_minor is None) != (not request.currency) or (request.amount_minor or 0) < 0:
        raise CaseMalformed("amount_minor", "an amount is zero or more minor units of a currency")


def _sellers(keys: Sequence[int]) -> dict[int, dict[str, str]]:
    rows = query(
        "SELECT key, time_zone, country, language FROM seller WHERE key = ANY(%s::bigint[])", [sorted(set(keys))]
    )
    return {key: {"zone": zone, "country": country, "language": language} for key, zone, country, language in rows}


def _row(request: Opening, workflow: tuple[str, Workflow], at: datetime) -> dict[str, Any]:
    start = workflow[1].states[workflow[1].start]
    return {
        "id": new_id("cas"), "key": request.key, "kind": request.kind, "workflow_id": workflow[0],
        "seller_key": request.seller_key, "about": request.about, "order_key": request.order_key,
        "amount_minor": request.amount_minor, "currency": request.currency, "route": request.route,
        "carrier": request.carrier, "state": start.name, "status": start.status.value, "step": 0,
    }  # fmt: skip


def _insert(rows: Sequence[Mapping[str, Any]], at: datetime) -> set[str]:
    """The keys that were new."""
    names = "id, key, kind, workflow_id, seller_key, about, order_key, amount_minor, currency, route, carrier, state"
    made = query(
        f"INSERT INTO case_file ({names}, status, step, since, opened_at, platform_misses)"
        f" SELECT {names}, status, 0, %s, %s, 0 FROM jsonb_to_recordset(%s::jsonb) AS r(id text, key text, kind text,"
        "  workflow_id text, seller_key bigint, about text, order_key bigint, amount_minor bigint, currency text,"
        "  route text, carrier text, state text, status text) ORDER BY key ON CONFLICT (key) DO NOTHING RETURNING key",
        [at, at, json.dumps(list(rows))],
    )
    return {key for (key,) in made}


def _party(party: PartyIn, seller: Mapping[str, str]) -> dict[str, Any]:
    if party.role is Role.SELLER:
        party = replace(
            party, zone=party.zone or seller.get("zone", ""), country=party.country or seller.get("country", ""),
            language=party.language or seller.get("language", ""),
        )  # fmt: skip
    return {
        "role": party.role.value, "key": party.key, "zone": party.zone or "UTC", "country": party.country[:2],
        "language": party.language or "en", "done": False,
    }  # fmt: skip


def _plan(request: Opening, row: dict[str, Any], parties: list[dict[str, Any]], workflow: Workflow) -> Moved:
    start = workflow.states[workflow.start]
    step = Transition("open", (request.role,), workflow.start, workflow.money, _TITLE)
    move = Move(row["id"], step.name, request.actor, request.role, facts=request.facts)
    case = {**row, "outcome_id": None, "platform_misses": 0}
    return Moved(case, parties, workflow, move, step, start, start, True, new_id("stp"))


def _insert_parties(planned: Sequence[Moved]) -> None:
    rows = [
        {
            **party, "case_id": one.case_id, "seller_key": one.case["seller_key"],
            "turn": turn(one.workflow, one.target, Role(party["role"]), frozenset()).value,
        }
        for one in planned
        for party in one.parties
    ]  # fmt: skip
    if rows:
        query(
            "INSERT INTO case_party (case_id, role, seller_key, key, zone, country, language, turn, done)"
            " SELECT case_id, role, seller_key, key, zone, country, language, turn, false"
            " FROM jsonb_to_recordset(%s::jsonb) AS r(case_id text, role text, seller_key bigint, key bigint,"
            "  zone text, country text, language text, turn text)",
            [json.dumps(rows)],
        )


def _exhibit(opened: Sequence[tuple[str, Opening]], at: datetime) -> None:
    """Evidence that was named, and all that was collected for the order when the sale happened."""
    named = [(case_id, key) for case_id, request in opened for key in request.evidence]
    orders = [(case_id, request.order_key) for case_id, request in opened if request.order_key is not None]
    if not named and not orders:
        return
    query(
        "INSERT INTO case_exhibit (case_id, evidence_id, seller_key, at, by)"
        " SELECT w.case_id, e.id, e.seller_key, %s, 'engine' FROM"
        "  (SELECT * FROM unnest(%s::text[], %s::text[]) AS n(case_id, id)"
        "   UNION SELECT o.case_id, e.id FROM unnest(%s::text[], %s::bigint[]) AS o(case_id, order_key)"
        "    JOIN case_evidence e ON e.order_key = o.order_key AND e.shredded_at IS NULL) AS w"
        " JOIN case_evidence e ON e.id = w.id JOIN case_file c ON c.id = w.case_id AND c.seller_key = e.seller_key"
        " ON CONFLICT DO NOTHING",
        [
            at, [case for case, _ in named], [key for _, key in named], [case for case, _ in orders],
            [order for _, order in orders],
        ],
    )  # fmt: skip
