"""To fight or to accept: the marketplace's own history, shrunk, with its interval."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protections.transactions.chargebacks.test_answers import PERSON, day, disputed
from tests.protections.transactions.shop import Shop, envelope

from safeconduct.kernel.scope import engine_scope, query
from safeconduct.protections.transactions.chargebacks import answers, queries
from safeconduct.protections.transactions.chargebacks.models import BankDispute
from safeconduct.protections.transactions.chargebacks.worth import Advice, Group, chance, worth


def test_without_history_nothing_is_known_and_nothing_is_advised() -> None:
    found = chance([Group(0, 0), Group(0, 0)])
    assert found.expected == pytest.approx(0.5) and found.decided == 0
    assert worth(found, 10_000, 1_500).advice is Advice.UNCLEAR


def test_a_few_wins_are_drawn_towards_the_wider_group() -> None:
    wide = Group(400, 80)
    few, many = chance([wide, Group(3, 3)]), chance([wide, Group(300, 270)])
    assert 0.2 < few.expected < 0.5 < many.expected < 0.9  # three of three are no 100 %
    assert few.interval.high - few.interval.low > many.interval.high - many.interval.low
    assert (few.decided, many.decided) == (3, 300)


def test_the_expected_value_is_chance_times_amount_less_cost_and_fee() -> None:
    found = chance([Group(1000, 400)])
    told = worth(found, 10_000, 500, 1_500)
    assert told.expected_minor == round(found.expected * 10_000) - 2_000 == 2_002
    assert told.low_minor < told.expected_minor < told.high_minor and told.advice is Advice.FIGHT
    assert worth(found, 3_000, 500, 1_500).advice is Advice.ACCEPT


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=3))
def test_a_chance_lies_in_its_interval_and_never_is_sure(raw: list[tuple[int, int]]) -> None:
    groups: list[Group] = []
    for decided, won in raw:
        most = groups[-1].decided if groups else decided
        decided = min(decided, most)
        groups.append(Group(decided, min(won, decided)))
    found = chance(groups)
    assert 0 <= found.interval.low < found.expected < found.interval.high <= 1 and 0 < found.expected < 1


@pytest.mark.parametrize("groups", [[], [Group(2, 3)], [Group(2, 1), Group(3, 1)]])
def test_groups_that_do_not_lie_in_each_other_are_refused(groups: list[Group]) -> None:
    with pytest.raises(ValueError, match="group"):
        chance(groups)


@pytest.mark.usefixtures("empty_database")
def test_only_disputes_that_were_answered_and_decided_count() -> None:
    decided = {}
    for order, outcome, sends in (("a", "won", True), ("b", "lost", True), ("c", "won", False), ("d", None, True)):
        decided[order] = disputed(order, source="adyen")
        if sends:
            with engine_scope():
                answers.stage(decided[order], PERSON, day(21))
                answers.submit(decided[order], PERSON, day(21))
                answers.hand_in(decided[order], PERSON, day(21))
        if outcome is not None:
            Shop(template=None).tell("dispute.closed", order, day=25, dispute=f"dp_{order}", outcome=outcome)
    with engine_scope():
        open_one = BankDispute.objects.get(id=decided["d"])
        groups = queries.history(day(26) + timedelta(hours=1)).of(open_one.code_key, complete=True)
        assert groups == [Group(2, 1), Group(2, 1), Group(2, 1)]
        assert queries.history(day(26)).of(open_one.code_key, complete=False)[2] == Group(0, 0)
        assert queries.history(day(24)).of(open_one.code_key, complete=True) == [Group(0, 0)] * 3
        assert queries.waiting(None, day(26), limit=5) == []  # the open one was answered
        assert len(queries.disputes_page(open_one.seller_key).items) == 4


@pytest.mark.usefixtures("empty_database")
def test_what_was_answered_elsewhere_counts_for_its_reason_but_not_as_complete() -> None:
    shop = Shop(template=None)
    for order, outcome, read in (("a", "won", True), ("b", "lost", True), ("c", "lost", False)):
        disputed(order, source="adyen")
        if read:
            shop.tell("dispute.updated", order, day=22, dispute=f"dp_{order}", outcome="under_review")
        shop.tell("dispute.closed", order, day=25, dispute=f"dp_{order}", outcome=outcome)
    waiting = disputed("d", source="adyen")
    with engine_scope():
        code = BankDispute.objects.get(id=waiting).code_key
        known = queries.history(day(26))
    assert known.of(code, complete=True) == [Group(2, 1), Group(2, 1), Group(0, 0)]
    found = chance(known.of(code, complete=True))
    assert (found.decided, found.of_all) == (0, 2)


def _imported(name: str, *, together: bool) -> None:
    """A dispute of which nothing was answered here: its news one by one, or all of them at once."""
    shop = Shop(template=None)
    disputed(name, source="adyen")
    shop.day = 26
    told = [
        envelope("dispute.updated", name, at=day(22), dispute=f"dp_{name}", outcome="under_review"),
        envelope("dispute.closed", name, at=day(25), dispute=f"dp_{name}", outcome="won"),
    ]
    for part in [told] if together else [[one] for one in told]:
        shop.send(part)


@pytest.mark.usefixtures("empty_database")
def test_history_that_comes_at_once_says_what_news_one_by_one_say() -> None:
    for name, together in (("a", True), ("b", False)):
        _imported(name, together=together)
    shop = Shop(template=None)
    for name, answered in (("c", True), ("d", False)):
        disputed(name, source="adyen")
        shop.tell("dispute.closed", name, day=25, dispute=f"dp_{name}", outcome="lost", answered=answered)
    with engine_scope():
        assert dict(BankDispute.objects.values_list("ref", "reviewed")) == {
            "dp_a": True, "dp_b": True, "dp_c": True, "dp_d": False,
        }  # fmt: skip
        code = BankDispute.objects.get(ref="dp_a").code_key
        assert queries.history(day(27)).of(code, complete=True)[1] == Group(3, 2)


@pytest.mark.usefixtures("empty_database")
def test_upgrading_remembers_what_the_log_was_told() -> None:
    _imported("a", together=True)
    remember = import_module("safeconduct.protections.transactions.migrations.0003_disputes_the_bank_read")
    with engine_scope():
        query("UPDATE bank_dispute SET reviewed = false")
        query(remember._REMEMBER)
        assert BankDispute.objects.get(ref="dp_a").reviewed
