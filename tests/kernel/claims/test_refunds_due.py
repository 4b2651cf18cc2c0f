"""What is still to be sent to buyers, until when, and who bears it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests.kernel.claims.claims_world import ask, cents, days, debit, join, leave, opened, paid, rows, send

from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.claims import due
from safeconduct.kernel.claims.due import DueSum, Group, When
from safeconduct.kernel.claims.words import ChannelOutcome
from safeconduct.kernel.scope import engine_scope, query, seller_scope

GERMANY, BRAZIL = Route("DE", "CN"), Route("BR", "CN")


def asked(
    order: int, amount: float = 10, *, at: float = 1, seller: int = 7, matter: str = "refund_after_withdrawal",
    route: Route = GERMANY,
) -> str:  # fmt: skip
    """A refund of an order of its own: in Germany, owed within 14 days of the withdrawal."""
    paid(payment=f"p-{order}", order=order, seller=seller)
    return ask(opened(order=order, seller=seller, route=route), amount, at=at, matter=matter)


def listed(group: Group = Group.DATED, *, now: float = 0, when: When | None = None) -> list[int]:
    with engine_scope():
        return [one.order_key for one in due.refunds(group, now=days(now), when=when).items]


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the refunds meanwhile."""
    ran: list[tuple[str, Any]] = []
    execute = psycopg.Cursor.execute

    def heard(self: Any, statement: Any, parameters: Any = None, **more: Any) -> Any:
        if "claim_refund" in str(statement):
            ran.append((str(statement), parameters))
        return execute(self, statement, parameters, **more)

    psycopg.Cursor.execute = heard  # type: ignore[method-assign]
    try:
        yield ran
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]


def test_a_refund_with_a_date_is_near_then_overdue_and_gone_once_it_went_out() -> None:
    refund = asked(70, at=1)
    asked(71, at=4)
    assert listed(when=When.OVERDUE, now=12) == []
    assert listed(when=When.SOON, now=12) == [70, 71]
    assert listed(when=When.OVERDUE, now=16.5) == [70]
    assert listed(when=When.SOON, now=16.5) == [71]
    send(refund, at=17)
    assert listed() == [71]
    with engine_scope():
        assert due.overdue(days(17)) is None


def test_refunds_without_a_date_of_law_are_not_left_out_but_stand_apart_and_are_never_overdue() -> None:
    asked(70)
    asked(71, matter="")
    asked(72, route=BRAZIL)
    assert listed() == [70]
    assert listed(Group.UNDATED) == [71, 72]
    assert listed(Group.UNDATED, when=When.OVERDUE, now=999) == []
    with engine_scope():
        [_, no_law] = due.refunds(Group.UNDATED, now=days(0)).items
    assert (no_law.due_at, no_law.matter) == (None, "refund_after_withdrawal"), "a duty, but no law on file for Brazil"


def test_while_a_bank_decides_nothing_is_overdue_and_the_time_begins_anew_when_the_seller_wins() -> None:
    asked(70)
    [(claim,)] = rows("SELECT id FROM claim")
    join(claim, at=3)
    with engine_scope():
        assert due.overdue(days(40)) is None, "nobody may send it, so nobody is late"
    assert (listed(now=40), listed(Group.WITH_A_BANK)) == ([], [70])
    debit(100, payment="p-70", at=4)
    debit(-100, payment="p-70", at=39)
    leave(claim, ChannelOutcome.WON, at=40)
    assert listed(when=When.OVERDUE, now=41) == []
    assert listed(when=When.OVERDUE, now=56) == [70]


def test_totals_are_by_currency_and_say_what_is_late_near_undated_and_with_a_bank() -> None:
    asked(70, 10, at=1)
    asked(71, 20, at=4)
    asked(72, 5, matter="")
    asked(73, 40)
    [(claim,)] = rows("SELECT id FROM claim WHERE order_key = 73")
    join(claim, at=2)
    with engine_scope():
        sums = due.sums(now=days(16.5))
    assert sums == [
        DueSum("USD", Group.WITH_A_BANK, 1, cents(40), 0, 0, 0, 0),
        DueSum("USD", Group.DATED, 2, cents(30), 1, cents(10), 1, cents(20)),
        DueSum("USD", Group.UNDATED, 1, cents(5), 0, 0, 0, 0),
    ]


@pytest.mark.parametrize(("group", "matter"), [(Group.DATED, "refund_after_withdrawal"), (Group.UNDATED, "")])
def test_pages_follow_each_other_without_gap_or_repetition(group: Group, matter: str) -> None:
    for order in range(70, 75):
        asked(order, matter=matter)
    seen: list[int] = []
    after = ""
    for _ in range(3):
        with engine_scope(), statements() as ran:
            page = due.refunds(group, now=days(0), size=2, after=after)
        assert len(ran) == 1
        seen += [one.order_key for one in page.items]
        after = page.next
    assert (seen, after) == ([70, 71, 72, 73, 74], "")


def test_a_seller_reads_only_its_own_whatever_it_asks_for() -> None:
    asked(70)
    asked(80, seller=8)
    with seller_scope(8):
        found = due.refunds(Group.DATED, now=days(99))
        assert [one.order_key for one in found.items] == [80]
        assert not due.refunds(Group.DATED, now=days(99), sellers=[7]).items
        late = due.overdue(days(99))
    assert late is not None
    assert (late.refunds, late.since.date()) == (1, (days(1) + timedelta(days=14)).date())


@pytest.mark.parametrize(
    ("sellers", "index"), [(None, "claim_refund_running"), ([7], "claim_refund_running_of_seller")]
)
def test_a_page_reads_along_an_index(sellers: list[int] | None, index: str) -> None:
    asked(70)
    with engine_scope(), statements() as ran:
        due.refunds(Group.DATED, now=days(0), sellers=sellers)
        [(statement, parameters)] = ran
        query("SET LOCAL enable_seqscan = off")
        query("SET LOCAL enable_bitmapscan = off")
        query("SET LOCAL enable_sort = off")
        plan = "\n".join(line for (line,) in query(f"EXPLAIN {statement}", parameters))
    assert f"{index} on claim_refund" in plan, plan
