"""Reading claims under lock, in a fixed number of queries whatever the size of the batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from safeconduct.kernel.claims.errors import NoSuchClaim
from safeconduct.kernel.claims.following import BankPaid, ChannelRow, ClaimRow, PartRow, RefundRow
from safeconduct.kernel.claims.words import AGAIN, AGAINST_THE_SELLER, OF_A_BANK, ChannelKind, Item, RefundState
from safeconduct.kernel.scope import query

#: What a bank took of each part; what comes back, because its dispute was won, left out.
_PARTS: Final = """
SELECT p.line_id, p.id, p.amount_minor, p.running_minor, p.sent_minor, coalesce((
    SELECT sum(s.paid_minor) FROM claim_bank_share s JOIN claim_bank_debit d ON d.id = s.debit_id
    WHERE s.part_id = p.id AND NOT coalesce((
        SELECT ch.outcome IN ('won', 'withdrawn') FROM claim_channel ch JOIN claim c ON c.id = ch.claim_id
        WHERE c.line_id = p.line_id AND ch.kind = d.kind AND ch.about = d.about
        ORDER BY ch.opened_at DESC, ch.round DESC LIMIT 1), false)), 0)::bigint
FROM claim_part p WHERE p.line_id = ANY(%s::text[]) ORDER BY p.id
"""
_CHANNELS: Final = """
SELECT ch.claim_id, ch.id, ch.kind, ch.about, ch.claimed_minor, ch.hold_until, ch.opened_at, ch.ended_at, ch.outcome, (
    SELECT sum(s.paid_minor)::bigint FROM claim_bank_debit d JOIN claim_bank_share s ON s.debit_id = d.id
    JOIN claim_part p ON p.id = s.part_id JOIN claim c ON c.line_id = p.line_id
    WHERE d.about = ch.about AND d.kind = ch.kind AND c.id = ch.claim_id)
FROM claim_channel ch WHERE ch.claim_id = ANY(%s::text[]) ORDER BY ch.opened_at, ch.round, ch.id
"""
#: What banks have paid of the refunds of each part and is still owed; a refund that asks for some of it again takes its
#: amount off.
_BANK_PAID: Final = """
SELECT p.line_id, p.id,
    (sum(r.by_bank_minor - r.not_again_minor)
     - coalesce(sum(r.amount_minor - r.called_off_minor) FILTER (WHERE starts_with(r.key, %s)
         AND strpos(r.key, '/resent/') = 0), 0))::bigint,
    p.amount_minor - p.running_minor - p.sent_minor - greatest(p.bank_minor, 0),
    coalesce((array_agg(r.matter ORDER BY r.requested_at DESC, r.id DESC) FILTER (WHERE r.by_bank_minor > 0))[1], ''),
    count(*) FILTER (WHERE starts_with(r.key, %s))
FROM claim_part p JOIN claim_refund r ON r.part_id = p.id WHERE p.line_id = ANY(%s::text[])
GROUP BY p.id HAVING sum(r.by_bank_minor) > 0 ORDER BY p.id
"""
#: What matters of banks that ended against the seller claimed of each line, where no debit was told of them.
_UNTOLD: Final = """
SELECT line_id, sum(claimed_minor)::bigint FROM (
    SELECT DISTINCT ON (c.line_id, ch.kind, ch.about) c.line_id, ch.kind, ch.about, ch.claimed_minor, ch.outcome
    FROM claim c JOIN claim_channel ch ON ch.claim_id = c.id
    WHERE c.line_id = ANY(%s::text[]) AND ch.kind IN ('chargeback', 'pre_dispute')
    ORDER BY c.line_id, ch.kind, ch.about, ch.opened_at DESC, ch.round DESC
) latest WHERE outcome = ANY(%s::text[]) AND NOT EXISTS (
    SELECT FROM claim_bank_debit d JOIN claim_bank_share s ON s.debit_id = d.id JOIN claim_part p ON p.id = s.part_id
    WHERE d.kind = latest.kind AND d.about = latest.about AND p.line_id = latest.line_id)
GROUP BY line_id
"""


def lock(line_ids: Collection[str], payment_ids: Collection[str] = ()) -> None:
    """Waits for these payments, and for all lines of these lines' orders, until the scope ends: payments first, each in
    the order of their ids."""
    query("SELECT claim_lock(%s::text[], %s::text[])", [list(payment_ids), list(line_ids)])


def with_neighbours(line_ids: Collection[str]) -> list[str]:
    """The lines, and those of the same orders that are in trouble: the ledger holds by order."""
    rows = query(
        "SELECT id FROM claim_line WHERE id = ANY(%s::text[]) UNION SELECT c.line_id FROM claim c"
        " WHERE c.closed_at IS NULL AND c.order_key IN (SELECT order_key FROM claim_line WHERE id = ANY(%s::text[]))"
        " ORDER BY 1",
        [list(line_ids), list(line_ids)],
    )
    return [line for (line,) in rows]


def active(line_ids: Sequence[str]) -> list[ClaimRow]:
    """The active claims of lines, whole."""
    claims: dict[str, ClaimRow] = {}
    for identity, line, seller, order, currency, buyer, home, way, *rest in query(
        "SELECT c.id, c.line_id, c.seller_key, c.order_key, l.currency, c.buyer_country, c.seller_country, c.way,"
        " c.frozen_at, c.hold_key, c.holds,"
        " r.asked, r.by_bank FROM claim c JOIN claim_line l ON l.id = c.line_id CROSS JOIN LATERAL ("
        "  SELECT count(*) AS asked, coalesce(sum(by_bank_minor - not_again_minor), 0)::bigint AS by_bank"
        "  FROM claim_refund WHERE claim_id = c.id) r"
        " WHERE c.closed_at IS NULL AND c.line_id = ANY(%s::text[]) ORDER BY c.id",
        [list(line_ids)],
    ):
        claims[identity] = ClaimRow(identity, line, seller, order, currency, (buyer, home, way), *rest)
    by_line = {claim.line_id: claim for claim in claims.values()}
    for line, *rest in query(_PARTS, [list(by_line)]):
        by_line[line].parts.append(PartRow(*rest))
    for claim_id, identity, kind, *rest in query(_CHANNELS, [list(claims)]):
        claims[claim_id].channels.append(ChannelRow(identity, ChannelKind(kind), *rest))
    for claim_id, identity, key, part, item, amount, by_bank, off, state, *rest in query(
        "SELECT claim_id, id, key, part_id, item, amount_minor, by_bank_minor, called_off_minor, state, matter, due_at,"
        " requested_at"
        " FROM claim_refund WHERE claim_id = ANY(%s::text[]) AND state IN ('requested', 'frozen')"
        " ORDER BY requested_at, id",
        [list(claims)],
    ):
        claims[claim_id].refunds.append(
            RefundRow(identity, key, part, Item(item), amount, by_bank, off, RefundState(state), *rest)
        )  # fmt: skip
    for line, *paid in query(_BANK_PAID, [AGAIN, AGAIN, list(by_line)]):
        by_line[line].bank_paid.append(BankPaid(*paid))
    against = [outcome.value for outcome in AGAINST_THE_SELLER]
    for line, minor in query(_UNTOLD, [list(by_line), against]):
        by_line[line].untold_minor = minor
    return list(claims.values())


def unaccounted(line_ids: Collection[str]) -> Mapping[str, int]:
    """Part → what banks have of it beyond the refunds that they are known to have paid; those with nothing left out."""
    rows = query(
        "SELECT p.id, (greatest(p.bank_minor, 0) - coalesce((SELECT sum(r.by_bank_minor - r.not_again_minor)"
        "  FROM claim_refund r WHERE r.part_id = p.id), 0))::bigint FROM claim_part p"
        " WHERE p.line_id = ANY(%s::text[]) AND p.bank_minor > 0",
        [sorted(line_ids)],
    )
    return {part: minor for part, minor in rows if minor > 0}


def heard(order_keys: Collection[int]) -> set[str]:
    """The keys of refunds that shops have told of these orders, and of what of them did not arrive. One that ended what
    had been asked for left no refund of its own, so that the history alone knows it."""
    rows = query(
        "SELECT s.facts->>'told' FROM claim c JOIN claim_step s ON s.claim_id = c.id"
        " WHERE c.order_key = ANY(%b::bigint[]) AND s.verb IN ('refund_heard_of', 'refund_did_not_arrive')"
        " AND s.facts ? 'told'",
        [sorted(order_keys)],
    )
    return {key for (key,) in rows}


def commissions(orders: Collection[int]) -> Mapping[tuple[int, str], tuple[int, int]]:
    """(Order, currency) → the commission that stands in the ledger, and what the order still comes to."""
    # From the orders to their legs, never from the platform's accounts: on those stands everybody's money. The planner
    # cannot know how few the orders are.
    rows = query(
        "SELECT t.order_key, p.currency,"
        " coalesce(sum(p.amount_minor) FILTER (WHERE a.kind = 'fee_revenue'), 0)::bigint,"
        " coalesce(-sum(p.amount_minor) FILTER (WHERE a.kind <> 'fee_revenue'), 0)::bigint"
        " FROM ledger_transaction t CROSS JOIN LATERAL ("
        "   SELECT * FROM ledger_posting p WHERE p.transaction_id = t.id OFFSET 0"
        " ) p JOIN ledger_account a ON a.id = p.account_id"
        " WHERE t.order_key = ANY(%b::bigint[]) AND a.kind"
        " IN ('fee_revenue', 'psp_clearing', 'buyer_refund_payable', 'suspense')"
        " GROUP BY t.order_key, p.currency",
        [sorted(orders)],
    )
    return {(order, currency): (fee, kept) for order, currency, fee, kept in rows}


def held(keys: Collection[str]) -> Mapping[str, tuple[int, str]]:
    """Key of a hold that is open → what it holds, and why."""
    rows = query(
        "SELECT key, held_minor, reason FROM ledger_hold WHERE key = ANY(%s::text[]) AND ended_at IS NULL", [list(keys)]
    )
    return {key: (minor, reason) for key, minor, reason in rows}


def claims_of(claim_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Id → line, seller, order, route, currency, freeze and end of a claim."""
    rows = query(
        "SELECT c.id, c.line_id, c.seller_key, c.order_key, c.closed_at, c.frozen_at, c.buyer_country,"
        " c.seller_country, c.way, l.currency FROM claim c JOIN claim_line l ON l.id = c.line_id"
        " WHERE c.id = ANY(%s::text[])",
        [sorted(set(claim_ids))],
    )
    return {
        identity: {
            "id": identity, "line_id": line, "seller_key": seller, "order_key": order, "closed_at": closed_at,
            "frozen_at": frozen_at, "route": (buyer, home, way), "currency": currency,
        }
        for identity, line, seller, order, closed_at, frozen_at, buyer, home, way, currency in rows
    }  # fmt: skip


def locked_claims(claim_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """`claims_of` under lock. Raises NoSuchClaim."""
    lock([row["line_id"] for row in claims_of(claim_ids).values()])
    claims = claims_of(claim_ids)  # again, as they are now that nobody else changes them
    missing = set(claim_ids) - claims.keys()
    if missing:
        raise NoSuchClaim(min(missing))
    return claims


def orders_in_dispute(disputes: Collection[int]) -> dict[int, set[int]]:
    """A bank's dispute → the orders of which claims were told of it, whatever it says now that it is about."""
    found: dict[int, set[int]] = {}
    for about, order in query(
        "SELECT h.about, c.order_key FROM claim_channel h JOIN claim c ON c.id = h.claim_id"
        " WHERE h.kind = ANY(%s::text[]) AND h.about = ANY(%s::text[])",
        [sorted(OF_A_BANK), [str(key) for key in disputes]],
    ):
        found.setdefault(int(about), set()).add(order)
    return found
