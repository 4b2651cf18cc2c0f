"""What every story about one claim ends with, whatever its channels did to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from safeconduct.kernel.cases.models import Case, StoredOutcome
from safeconduct.kernel.claims.models import Claim
from safeconduct.kernel.claims.whole import made_whole, paid_for_now
from safeconduct.kernel.ledger.checking import check
from safeconduct.kernel.record import sequencer, verification
from safeconduct.kernel.record.proving import proof_of
from safeconduct.kernel.scope import engine_scope, query, staff_scope

#: Later than all that the stories do.
_AFTER_ALL = timedelta(days=400)
_SENT = ("refund", "partial_refund", "refund_owed", "refund_no_longer_owed", "refund_failed")


def ends_well(order_key: int, *, sent: float, seller: float, reasons: int, owed_twice: float = 0) -> None:
    """The books balance, nobody was paid twice, everybody was told why, and the record can be verified.

    In units of the order's one currency: ``sent``: what we sent to the buyer; ``seller``: what the order leaves the
    seller; ``owed_twice``: what the buyer got a second time from a bank, and is asked back. ``reasons``: how many
    statements of reasons there are.
    """
    the_books_balance_and_nobody_was_paid_twice(order_key, sent, seller, owed_twice)
    nothing_is_open(order_key)
    everybody_was_told_why(order_key, reasons)


def the_books_balance_and_nobody_was_paid_twice(
    order_key: int, sent: float, seller: float, owed_twice: float
) -> None:  # fmt: skip
    with engine_scope():
        assert [answer for answer in check() if not answer.ok] == []  # what `ledger check` asks
        [(captured, commission, refunded)] = query(
            "SELECT coalesce(sum((amounts->>'sale')::bigint) FILTER (WHERE event = 'capture'), 0)::bigint,"
            " coalesce(sum((amounts->>'fee')::bigint) FILTER (WHERE event = 'capture'), 0)::bigint,"
            " coalesce(sum((CASE WHEN event IN ('refund_no_longer_owed', 'refund_failed') THEN -1 ELSE 1 END)"
            "  * (amounts->>'refund')::bigint) FILTER (WHERE event = ANY(%s::text[])), 0)::bigint"
            " FROM ledger_transaction WHERE order_key = %s",
            [list(_SENT), order_key],
        ).fetchall()
        [(sellers,)] = query(
            "SELECT coalesce(sum(p.amount_minor), 0)::bigint FROM ledger_transaction t"
            " JOIN ledger_posting p ON p.transaction_id = t.id AND p.seller_key IS NOT NULL WHERE t.order_key = %s",
            [order_key],
        ).fetchall()
        parts = query(
            "SELECT p.amount_minor, p.sent_minor, p.excess_minor, coalesce(r.due_minor, 0), coalesce((SELECT"
            "  sum(f.amount_minor - f.by_bank_minor - f.called_off_minor) FROM claim_refund f WHERE f.part_id = p.id AND f.state = 'sent'), 0)"
            " FROM claim_line l JOIN claim_part p ON p.line_id = l.id LEFT JOIN claim_recovery r ON r.part_id = p.id"
            " WHERE l.order_key = %s",
            [order_key],
        ).fetchall()
        given = sum(made_whole([order_key]).values())
    assert refunded == round(sent * 100) == sum(part[1] for part in parts)
    assert refunded <= captured, "we sent the buyer more than was captured"
    for amount, out, excess, recovery, refunds in parts:
        assert out == refunds <= amount
        assert excess == recovery, "what the buyer has twice is what is asked back"
    assert sum(part[3] for part in parts) == round(owed_twice * 100)
    assert sellers == round(seller * 100)
    assert sellers <= captured - commission, "the seller was paid, and made whole as well"
    assert 0 <= given <= captured


def nothing_is_open(order_key: int) -> None:
    with staff_scope():
        assert list(Claim.objects.filter(order_key=order_key, closed_at=None).values_list("id", flat=True)) == []
    with engine_scope():
        held = query("SELECT key FROM ledger_hold WHERE order_key = %s AND ended_at IS NULL", [order_key]).fetchall()
        for_now = paid_for_now([order_key])
    assert held == [], "something is held though nothing is open"
    assert for_now == {}, "something is paid for now though nothing is open"


def everybody_was_told_why(order_key: int, reasons: int) -> None:
    """Each case about the order has ended and says in three answers what, by which rule, and why; each statement is a
    line of the record, which is verified as `record verify` does it."""
    sequencer.keep_up(datetime.now(UTC) + _AFTER_ALL)
    with staff_scope():
        cases = list(Case.objects.filter(order_key=order_key))
        outcomes = list(StoredOutcome.objects.filter(case_id__in=[case.id for case in cases]))
    standing = {outcome.id for outcome in outcomes}
    for case in cases:
        assert case.status == "closed" and case.outcome_id in standing, (case.kind, case.state)
    assert len(outcomes) == reasons
    for outcome in outcomes:
        assert outcome.told["en"] and outcome.rule and outcome.rule_version
        assert outcome.remedy and outcome.liability and outcome.standing
        with engine_scope():
            assert proof_of("case_outcome", outcome.id) is not None
    report = verification.verify()
    assert report.ok and report.contents > 0, report.findings
