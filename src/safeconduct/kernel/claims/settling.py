"""`settle`: freeze, refunds, recovery, hold and end of claims become what their rows say they should be."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.claims import following, reading, statutory
from safeconduct.kernel.claims.asks import Settled
from safeconduct.kernel.claims.following import ClaimRow, RefundRow
from safeconduct.kernel.claims.telling import tell_of_refunds
from safeconduct.kernel.claims.words import AGAIN, FREEZING, Item, RefundState
from safeconduct.kernel.claims.writing import Did, steps
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.ledger.entries import HoldRequest
from safeconduct.kernel.ledger.telling import tell_of_holds
from safeconduct.kernel.ledger.wording import CLAIM_CHANGED
from safeconduct.kernel.scope import Actor, query


@dataclass(slots=True)
class _Changes:
    """What a settling writes."""

    done: list[Did] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    again: list[dict[str, Any]] = field(default_factory=list)
    releases: list[str] = field(default_factory=list)
    requests: list[HoldRequest] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)


def settle(line_ids: Collection[str], actor: Actor, *, at: datetime, quiet: bool = False) -> Settled:
    """Brings the claims of these lines, and of the same orders' other lines, up to date; a second time does nothing.

    ``quiet``: nobody is mailed, for history that is imported or replayed. Whoever posts to the ledger in the same
    scope does it before.
    """
    lines = reading.with_neighbours(line_ids)
    if not lines:
        return Settled()
    reading.lock(lines)
    claims = reading.active(lines)
    changes = _Changes()
    for claim in claims:
        _freeze(claim, changes, at)
    _recover(lines, changes, at)
    _hold(claims, changes, at)
    for claim in claims:
        if following.ended(claim):
            changes.closed.append(claim.id)
            changes.done.append(Did(claim.id, "closed"))
    _write(claims, changes, actor, at)
    if not quiet:
        running = [refund.id for claim in claims for refund in claim.refunds]
        tell_of_refunds(running, [row["id"] for row in changes.refunds], at)
    if changes.releases or changes.requests:
        _carry_out(changes, actor, at, quiet=quiet)
    return Settled(
        tuple(changes.releases), tuple(request.key for request in changes.requests), tuple(changes.closed)
    )  # fmt: skip


def _freeze(claim: ClaimRow, changes: _Changes, at: datetime) -> None:
    """Refunds stand still while a bank decides about the same money; afterwards it has paid them, or they go on."""
    frozen = following.frozen(claim)
    if frozen != (claim.frozen_at is not None):
        claim.frozen_at = at if frozen else None
        because = [channel.about for channel in following.live(claim) if channel.kind in FREEZING]
        changes.done.append(Did(claim.id, "frozen" if frozen else "unfrozen", {"because": because} if frozen else {}))
    off = following.owed_no_more(claim)
    for refund in claim.refunds:
        refund.called_off_minor += off.get(refund.id, 0)
    paid = {} if frozen else following.paid_by_bank(claim)
    for refund in list(claim.refunds):
        before = (refund.state, refund.by_bank_minor, refund.due_at)
        refund.by_bank_minor += paid.get(refund.id, 0)
        if not refund.to_send_minor:
            refund.state = RefundState.PAID_BY_BANK if refund.by_bank_minor else RefundState.FAILED
            claim.refunds.remove(refund)
        elif refund.item is Item.REFUND and frozen:
            refund.state = RefundState.FROZEN
        elif refund.state is RefundState.FROZEN:
            refund.state = RefundState.REQUESTED
            refund.due_at = statutory.due_at(refund.matter, claim.route, at)
        if refund.id in off or before != (refund.state, refund.by_bank_minor, refund.due_at):
            changes.refunds.append(
                {
                    "id": refund.id, "state": refund.state, "by_bank_minor": refund.by_bank_minor,
                    "called_off_minor": refund.called_off_minor, "due_at": refund.due_at,
                }
            )  # fmt: skip
            facts = {"refund": refund.id, "by_bank_minor": refund.by_bank_minor, "due_at": refund.due_at}
            if refund.called_off_minor:
                facts["called_off_minor"] = refund.called_off_minor
            changes.done.append(Did(claim.id, f"refund_{refund.state}", facts))
    _ask_again(claim, changes, at)


def _ask_again(claim: ClaimRow, changes: _Changes, at: datetime) -> None:
    """A refund that a bank had paid is to be sent once the bank gave its money back; the time for it begins anew."""
    paid = {one.part_id: one for one in claim.bank_paid}
    for part_id, minor in following.due_again(claim).items():
        matter = paid[part_id].matter
        due_at = statutory.due_at(matter, claim.route, at)
        key = f"{AGAIN}{part_id}/{paid[part_id].again + 1}"
        refund = RefundRow(
            new_id("rfd"), key, part_id, Item.REFUND, minor, 0, 0, RefundState.REQUESTED, matter, due_at, at
        )  # fmt: skip
        claim.refunds.append(refund)
        changes.again.append(
            {
                "id": refund.id, "key": key, "claim": claim.id, "part": part_id, "amount": minor, "matter": matter,
                "due_at": due_at,
            }
        )  # fmt: skip
        facts = {"refund": refund.id, "item": refund.item, "amount_minor": minor, "due_at": due_at, "again": True}
        changes.done.append(Did(claim.id, "refund_requested", facts))


def _recover(lines: Sequence[str], changes: _Changes, at: datetime) -> None:
    """What buyers got twice is to be recovered, as long as they have it. History: that of the line's latest claim."""
    for claim_id, part, due, defence in query(
        "WITH wrong AS ("
        "  SELECT p.id, p.seller_key, p.line_id, p.excess_minor AS due,"
        "   CASE WHEN p.sent_minor > 0 THEN 'credit_already_issued' ELSE 'more_than_captured' END AS defence"
        "  FROM claim_part p LEFT JOIN claim_recovery r ON r.part_id = p.id"
        "  WHERE p.line_id = ANY(%s::text[]) AND p.excess_minor <> coalesce(r.due_minor, 0)"
        " ), kept AS ("
        "  INSERT INTO claim_recovery (part_id, seller_key, due_minor, defence, since, settled_at)"
        "  SELECT id, seller_key, due, defence, now.at, CASE WHEN due = 0 THEN now.at END"
        "  FROM wrong CROSS JOIN (SELECT %s::timestamptz AS at) now ORDER BY id"
        "  ON CONFLICT (part_id) DO UPDATE SET due_minor = excluded.due_minor, defence = excluded.defence,"
        "   since = CASE WHEN claim_recovery.due_minor = 0 THEN excluded.since ELSE claim_recovery.since END,"
        "   settled_at = excluded.settled_at"
        " )"
        " SELECT (SELECT c.id FROM claim c WHERE c.line_id = wrong.line_id"
        "   ORDER BY c.opened_at DESC, c.id DESC LIMIT 1), wrong.id, due, defence"
        " FROM wrong ORDER BY wrong.id",
        [list(lines), at],
    ):
        if claim_id is not None:
            facts = {"part": part, "due_minor": due, "defence": defence}
            changes.done.append(Did(claim_id, "recovery_due" if due else "recovery_settled", facts))


def _hold(claims: Sequence[ClaimRow], changes: _Changes, at: datetime) -> None:
    fees = reading.commissions({claim.order_key for claim in claims})
    held = reading.held([claim.hold_key for claim in claims if claim.hold_key])
    for claim in claims:
        wanted = following.exposure(claim, at)
        fee, kept = fees.get((claim.order_key, claim.currency), (0, 0))
        amount = following.net_of_fee(wanted.amount_minor, fee, kept)
        there = held.get(claim.hold_key, (0, ""))
        if there == (amount, wanted.reason if amount else ""):
            continue
        if there[0]:
            changes.releases.append(claim.hold_key)
        claim.hold_key = ""
        if amount:
            claim.holds += 1
            claim.hold_key = f"claim/{claim.id}/{wanted.reason}/{claim.holds}"
            changes.requests.append(
                HoldRequest(
                    claim.hold_key, at, claim.seller_key, claim.order_key, claim.currency, amount, wanted.reason,
                    wanted.until, wanted.released_by,
                )
            )  # fmt: skip
        facts = {"amount_minor": amount, "reason": wanted.reason, "until": wanted.until}
        changes.done.append(Did(claim.id, "held" if amount else "hold_lifted", facts))


def _write(claims: Sequence[ClaimRow], changes: _Changes, actor: Actor, at: datetime) -> None:
    if changes.refunds:
        query(
            "UPDATE claim_refund f SET state = r.state, by_bank_minor = r.by_bank_minor, due_at = r.due_at,"
            " called_off_minor = r.called_off_minor,"
            " ended_at = CASE WHEN r.state IN ('paid_by_bank', 'failed') THEN %s::timestamptz END"
            " FROM jsonb_to_recordset(%s::jsonb) AS r(id text, state text, by_bank_minor bigint,"
            "  called_off_minor bigint, due_at timestamptz) WHERE f.id = r.id",
            [at, json.dumps(changes.refunds, default=datetime.isoformat)],
        )
    if changes.again:
        query(
            "INSERT INTO claim_refund (id, key, claim_id, part_id, seller_key, item, amount_minor, currency,"
            " by_bank_minor, state, told, matter, due_at, requested_at)"
            " SELECT r.id, r.key, c.id, r.part, c.seller_key, 'refund', r.amount, l.currency, 0, 'requested', false,"
            "  r.matter, r.due_at, %s FROM jsonb_to_recordset(%s::jsonb)"
            "  AS r(id text, key text, claim text, part text, amount bigint, matter text, due_at timestamptz)"
            " JOIN claim c ON c.id = r.claim JOIN claim_line l ON l.id = c.line_id ORDER BY r.id",
            [at, json.dumps(changes.again, default=datetime.isoformat)],
        )
    touched = {one.claim_id for one in changes.done}
    rows = [
        {
            "id": claim.id, "frozen_at": claim.frozen_at and claim.frozen_at.isoformat(), "hold_key": claim.hold_key,
            "holds": claim.holds, "closed": claim.id in changes.closed,
        }
        for claim in claims
        if claim.id in touched
    ]  # fmt: skip
    if rows:
        query(
            "UPDATE claim c SET frozen_at = r.frozen_at, hold_key = r.hold_key, holds = r.holds,"
            " closed_at = CASE WHEN r.closed THEN %s::timestamptz END"
            " FROM jsonb_to_recordset(%s::jsonb)"
            "  AS r(id text, frozen_at timestamptz, hold_key text, holds int, closed boolean) WHERE c.id = r.id",
            [at, json.dumps(rows)],
        )
    steps(changes.done, actor, at)


def _carry_out(changes: _Changes, actor: Actor, at: datetime, *, quiet: bool) -> None:
    sellers = {(request.seller_key, request.currency) for request in changes.requests}
    sellers |= {
        (seller, currency)
        for seller, currency in query(
            "SELECT seller_key, currency FROM ledger_hold WHERE key = ANY(%s::text[])", [changes.releases]
        )
    }
    ledger.stand_by(sellers)
    if changes.releases:
        ledger.release(changes.releases, at, CLAIM_CHANGED, actor)
    if changes.requests:
        ledger.hold(changes.requests)
    tell_of_holds(changes.releases, [request.key for request in changes.requests], at, replay=quiet)
