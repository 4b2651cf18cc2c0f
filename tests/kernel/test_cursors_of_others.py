"""Cursors come from addresses, which people edit: one of another list begins at the start, and never goes wrong."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.kernel.builders import person
from tests.kernel.ledger.money import SELLER, sold

from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.decisions.queries import NEWEST_FIRST
from safeconduct.kernel.ledger import queries as ledger
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.paging import Order, page, write_cursor
from safeconduct.kernel.parties.models import Seller, StaffRole, User
from safeconduct.kernel.scope import staff_scope

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def typed(value: object, key: object) -> str:
    """A cursor that nobody was given."""
    return base64.urlsafe_b64encode(json.dumps([value, key]).encode()).decode().rstrip("=")


STRANGE = [
    typed(5, "x"), typed("word", "x"), typed({"at": NOW.isoformat()}, 5), typed({"at": NOW.isoformat()}, "x"), typed(5, 5),
    typed("\x00", "x"), typed("x", "\x00"), typed("\ud800", "x"), typed("x", "\ud800"), typed(True, 1), typed([], {}),
    typed("2026-06-01T00:00:00+00:00", "x"), typed({"at": "2026-06-01T00:00:00"}, "x"), typed(2**62, 2**62), typed("9" * 99, "-1"),
]  # fmt: skip


@pytest.mark.parametrize("cursor", STRANGE)
def test_a_cursor_of_another_list_raises_nothing(cursor: str) -> None:
    person(StaffRole.ANALYST)
    lists: list[tuple[Any, Order]] = [
        (Seller.objects.all(), Order("name")), (User.objects.all(), Order("created_at", descending=True)),
        (User.objects.all(), Order("id")), (Decision.objects.all(), NEWEST_FIRST),
        (NoticeCopy.objects.all(), Order("at", descending=True, key="notice_id")),
    ]  # fmt: skip
    with staff_scope():
        for rows, order in lists:
            for place in ({"after": cursor}, {"before": cursor}):
                page(rows, order, **place)


def test_a_cursor_of_the_list_goes_on_from_there() -> None:
    people = [person(StaffRole.ANALYST) for _ in range(3)]
    with staff_scope():
        order = Order("created_at")
        first = page(User.objects.all(), order, size=2)
        rest = page(User.objects.all(), order, after=first.next, size=2)
        assert len({one.id for one in (*first.items, *rest.items)}) == len(people)
        assert page(User.objects.all(), order, after=write_cursor(NOW + timedelta(days=9999), "x")).items == []


@pytest.mark.parametrize("number", ["abc", "1_2", "_", "9" * 30, "²", "", "1~2"])
def test_a_place_among_movements_that_somebody_typed_begins_at_the_start(number: str) -> None:
    sold()
    with staff_scope():
        everything = ledger.movements(SELLER)
        for typed_by_hand in (f"{NOW.isoformat()}~{number}", f"x~{number}"):
            assert len(ledger.movements(SELLER, after=typed_by_hand).items) <= len(everything.items)
            ledger.holds(SELLER, after=typed_by_hand)
            ledger.payouts(SELLER, after=typed_by_hand)
