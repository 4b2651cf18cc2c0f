"""A draft against all that has happened: what it would stop, what it would cost, and that it is told truly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import tests.django_world as world
from tests.kernel.builders import CARD_AT_MANY_SHOPS, START, event, live_policy, minutes, usd

from safeconduct.analytics import backtest, export
from safeconduct.foundation.moments import moment
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import actions, labels, lanes
from safeconduct.kernel.decisions.models import LabelKind, ListKind
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope

LATER = START + timedelta(days=400)
STRICTER = CARD_AT_MANY_SHOPS.replace("card_shops_1h >= 3", "card_shops_1h >= 1")


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    yield


def play(batch: list[dict[str, Any]]) -> dict[str, Action]:
    """Decides a batch live; the action by order, as the shop names it."""
    accepted = lanes.accept(batch, known=Known.WHEN_IT_HAPPENED)
    assert not accepted.receipt.refused
    actions_of = {d.moment: d.action for d in accepted.decisions}
    return {
        raw["data"]["order"]: actions_of[stored.moment]
        for raw, stored in zip(batch, accepted.receipt.stored, strict=True)
        if stored.moment in actions_of
    }


def order_keys() -> dict[str, int]:
    """Keys by the shop's number of the order."""
    from safeconduct.kernel.vault.pseudonyms import reveal

    with engine_scope():
        found = [key for (key,) in query('SELECT DISTINCT "order" FROM fact WHERE "order" IS NOT NULL')]
        return {value: key for key, (_, value) in reveal(found).items()}


def tell(orders: dict[str, LabelKind], *, after: timedelta = timedelta(days=30)) -> None:
    keys = order_keys()
    with engine_scope():
        labels.add([(keys[o], kind, "test", moment(START + after)) for o, kind in orders.items()])


def card_race(shops: int, *, card: str = "card-1", first: int = 0) -> list[dict[str, Any]]:
    return [
        event(order=f"{card}-{n}", card=card, seller=f"sel-{n}", buyer=card, at=START + minutes(first + n))
        for n in range(shops)
    ]


def test_the_policy_in_force_decides_the_past_as_it_did_live(tmp_path: Path) -> None:
    live_policy()
    live = play(card_race(6) + [event(order="huge", card="c9", amount=usd(9000), at=START + minutes(1))])
    found = backtest.run(CARD_AT_MANY_SHOPS, folder=tmp_path, now=LATER)
    assert found.events == 7
    assert {name: share.count for name, share in found.draft.actions.items()} == {
        action.value: list(live.values()).count(action) for action in Action
    }
    assert (found.changed, found.transitions, found.compared_with) == (0, (), "order-risk version 1")
    assert found.draft == found.live


def test_a_stricter_draft_says_which_orders_would_change_and_what_that_costs(tmp_path: Path) -> None:
    live_policy()
    play(card_race(6))
    tell({"card-1-4": LabelKind.FRAUD, "card-1-2": LabelKind.FRAUD})
    found = backtest.run(STRICTER, folder=tmp_path, now=LATER)
    # One shop is enough now: orders 1 to 5 instead of 3 to 5.
    assert found.changed == 2
    (going,) = found.transitions
    assert (going.before, going.after, going.count, going.amount_minor) == (Action.ALLOW, Action.REVIEW, 2, 12_000)
    assert (going.fraud, going.good) == (1, 1)
    names = {key: name for name, key in order_keys().items()}
    assert [(names[c.order_key or 0], c.label) for c in found.changes] == [("card-1-1", None), ("card-1-2", "fraud")]
    assert found.live is not None
    assert (found.live.fraud_caught.count, found.draft.fraud_caught.count, found.draft.fraud_caught.total) == (1, 2, 2)
    assert (found.live.good_stopped.count, found.draft.good_stopped.count, found.draft.good_stopped.total) == (2, 3, 4)
    (rule, _) = found.draft.rules
    assert (rule.rule, rule.fired, rule.mature, rule.fraud, rule.good, rule.alone) == (
        "card_at_many_shops",
        5,
        5,
        2,
        3,
        5,
    )
    assert rule.interval.low == pytest.approx(0.0527, abs=1e-4)


def test_an_order_that_has_not_matured_counts_neither_as_good_nor_as_fraud(tmp_path: Path) -> None:
    live_policy()
    play(card_race(6))
    tell({"card-1-4": LabelKind.FRAUD}, after=timedelta(hours=1))
    found = backtest.run(CARD_AT_MANY_SHOPS, folder=tmp_path, now=START + timedelta(days=20))
    assert found.draft.stopped.count == 3
    assert (found.draft.fraud_caught.total, found.draft.good_stopped.total) == (0, 0)
    assert found.draft.early_frauds == 1
    assert found.draft.rules[0].precision is None


def test_a_fraud_label_that_was_taken_back_counts_as_good(tmp_path: Path) -> None:
    live_policy()
    play(card_race(6))
    tell({"card-1-4": LabelKind.FRAUD}, after=timedelta(days=3))
    tell({"card-1-4": LabelKind.GOOD}, after=timedelta(days=9))
    found = backtest.run(CARD_AT_MANY_SHOPS, folder=tmp_path, now=LATER)
    assert (found.draft.fraud_caught.total, found.draft.good_stopped.count) == (0, 3)


def test_a_period_and_a_seller_narrow_what_is_decided_and_not_what_is_seen(tmp_path: Path) -> None:
    live_policy()
    play(card_race(6))
    second_half = backtest.run(CARD_AT_MANY_SHOPS, folder=tmp_path, now=LATER, since=START + minutes(3))
    assert (second_half.events, second_half.draft.stopped.count) == (3, 3)
    with engine_scope():
        (seller,) = query("SELECT seller FROM fact ORDER BY moment DESC LIMIT 1").fetchone() or (0,)
    one = backtest.run(CARD_AT_MANY_SHOPS, folder=tmp_path, now=LATER, sellers=[seller])
    assert (one.events, one.draft.stopped.count) == (1, 1)


def test_lists_are_as_they_were_at_each_order(tmp_path: Path) -> None:
    text = CARD_AT_MANY_SHOPS.replace("amount > money('5000 USD')", "in_list('stolen', card)")
    with staff_scope():
        actions.create_list("stolen", ListKind.DENY, "card", "reported stolen")
    live_policy(text)
    lanes.accept([event(card="c7", order="before")])
    with engine_scope():
        actions.add_to_list("stolen", ["c7"], Actor("test", "analyst", "reported by the bank"))
    lanes.accept([event(card="c7", order="after")])
    found = backtest.run(text, folder=tmp_path, now=LATER)
    assert found.draft.actions["block"].count == 1
    assert found.changed == 0


def test_stored_scores_are_used_and_missing_ones_are_said(tmp_path: Path) -> None:
    text = CARD_AT_MANY_SHOPS.replace("rules:", "scores:\n  fraud: {model: order-fraud}\nrules:").replace(
        "amount > money('5000 USD')", "fraud >= 0.9"
    )
    live_policy(text)
    play([event(order="a"), event(order="b", card="c2", at=START + minutes(1))])
    assert "no live decision has stored one" in backtest.run(text, folder=tmp_path, now=LATER).notes[0]
    with engine_scope():
        query(
            "UPDATE decision SET values = values || '{\"fraud\": 0.95}' WHERE moment = (SELECT max(moment) FROM decision)"
        )
    found = backtest.run(text, folder=tmp_path, now=LATER)
    assert found.draft.actions["block"].count == 1
    assert "stored with 1 live decisions" in found.notes[0]


def test_texts_survive_the_journey(tmp_path: Path) -> None:
    odd = ["", "a,b", 'say "hi"', "two\nlines", "NULL", "\\N", "ß 中文 😀", " ", "'"]
    lanes.accept([event(category=text, order=f"o{n}") for n, text in enumerate(odd)] + [event(order="none")])
    found = export.export(export.Needs(frozenset({"category"}), frozenset({"order.placed"})), folder=tmp_path)
    import duckdb

    rows = duckdb.connect().execute("SELECT category FROM read_parquet(?)", [str(found.path)]).fetchall()
    assert sorted((r for (r,) in rows), key=str) == sorted([*odd, None], key=str)


def test_an_export_is_used_again_until_something_happens(tmp_path: Path) -> None:
    live_policy()
    play(card_race(3))
    assert not backtest.run(CARD_AT_MANY_SHOPS, folder=tmp_path, now=LATER).export_reused
    assert backtest.run(STRICTER, folder=tmp_path, now=LATER).export_reused
    play(card_race(2, card="card-2", first=10))
    fresh = backtest.run(CARD_AT_MANY_SHOPS, folder=tmp_path, now=LATER)
    assert (fresh.export_reused, fresh.events) == (False, 5)


def test_only_a_few_exports_are_kept_and_no_raw_file_stays_behind(tmp_path: Path) -> None:
    for n in range(export.KEPT_FILES + 2):
        lanes.accept([event(order=f"k{n}")])
        export.export(export.Needs(frozenset(), frozenset({"order.placed"})), folder=tmp_path)
    endings = [path.suffix for path in tmp_path.iterdir()]
    assert endings.count(".parquet") == endings.count(".json") == export.KEPT_FILES
    assert set(endings) == {".parquet", ".json"}


def test_an_export_holds_only_what_is_needed_and_nothing_personal(tmp_path: Path) -> None:
    play([event(order="p", email="ana@example.org", recipient="Ana Rojas", address="Av. Providencia 1208")])
    found = export.export(export.needs(backtest._readable(_checked())), folder=tmp_path)
    import duckdb

    described = duckdb.connect().execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(found.path)]).fetchall()
    assert {name for name, *_ in described} == {*export.ALWAYS, "card", "buyer"}


def test_a_text_with_errors_is_answered_with_its_diagnostics(tmp_path: Path) -> None:
    with pytest.raises(backtest.PolicyUnreadable) as caught:
        backtest.run(CARD_AT_MANY_SHOPS.replace("card_shops_1h >= 3", "card_shop_1h >= 3"), folder=tmp_path)
    assert "card_shops_1h" in str(caught.value)
    assert caught.value.reading.as_json()["ok"] is False


def test_a_policy_over_what_facts_do_not_keep_is_refused_by_name(tmp_path: Path) -> None:
    text = (
        "policy: titles\non: listing.created\nrules:\n  shouting:\n    when: listing_title = 'CHERRIES'\n    then: review\n"
        "    because: {en: A title in capitals, zh: 标题全大写, es: Un título en mayúsculas}\n"
    )
    with pytest.raises(backtest.CannotBeReplayed, match="listing_title"):
        backtest.run(text, folder=tmp_path)


def test_without_history_and_without_a_live_version_there_is_still_an_answer(tmp_path: Path) -> None:
    found = backtest.run(CARD_AT_MANY_SHOPS, folder=tmp_path)
    assert (found.events, found.days, found.live, found.changed) == (0, 0, None, 0)
    assert found.as_json()["draft"]["actions"]["block"]["share"] is None


def _checked() -> Any:
    from safeconduct.kernel.decisions.policies import check

    with staff_scope():
        return check(CARD_AT_MANY_SHOPS)
