"""Mapping files: what is wrong with one is said at its line, before any body is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.connectors import Connector, MappingError, check_mapping, connector_names, load_connector, load_text
from safeconduct.kernel.events.catalogue import CATALOGUE

GOOD = """connector: mine
rules:
  - on: thing
    emit: refund.created
    id: item.id
    time: {path: item.at, as: unix_time}
    data:
      order: item.order
      amount: {money_minor: item.amount, currency: item.currency}
"""


def faults(text: str) -> list[str]:
    return [str(problem) for problem in check_mapping(text, "mine.yaml")]


@pytest.mark.parametrize("name", connector_names())
def test_the_mappings_that_come_with_safeconduct_have_no_faults(name: str) -> None:
    assert load_connector(name).name == name


def test_a_few_lines_of_aliases_that_stand_for_billions_are_refused_at_once() -> None:
    lines = ["connector: mine", "define:", "  z0: &z0 [row.a, row.b, row.c, row.d, row.e, row.f, row.g, row.h]"]
    lines += [f"  z{n}: &z{n} [" + ", ".join([f"*z{n - 1}"] * 9) + "]" for n in range(1, 10)]
    assert ["aliases" in fault for fault in faults("\n".join(lines))] == [True]
    assert "not YAML" in faults("[" * 50_000)[0]


def test_a_good_mapping_has_no_faults() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "refund.created",
            "refund.craeted",
            "mine.yaml:4:5: there is no event type `refund.craeted`; did you mean `refund.created`?",
        ),
        ("order: item", "ordr: item", "mine.yaml:8:7: `refund.created` has no `ordr`; did you mean `order`?"),
        ("unix_time", "unixtime", "mine.yaml:6:27: there is no conversion `unixtime`; did you mean `unix_time`?"),
        ("item.order", "itm.order", "mine.yaml:8:7: a path cannot begin with `itm`; did you mean `item`?"),
        ("item.order", "item..order", "mine.yaml:8:7: `item..order` cannot be read as a path from `..order` on"),
        (", currency: item.currency", "", "mine.yaml:9:16: an amount needs its `currency`"),
        (
            "{money_minor: item.amount, currency: item.currency}",
            "item.amount",
            "mine.yaml:9:7: `amount` is money: use money_minor or",
        ),
        ("order: item.order", "order: {sum: item.order}", "mine.yaml:8:7: `order` is text, and this gives integer"),
        (
            "    time: {path: item.at, as: unix_time}\n",
            "",
            "mine.yaml:3:5: a rule needs `time`, when the event happened",
        ),
        ("on: thing", "onn: thing", "mine.yaml:3:5: a rule has no `onn`; did you mean `on`?"),
        ("order: item.order", "order: $ordr", "mine.yaml:8:7: `$ordr` is not defined above this line"),
        (
            "order: item.order",
            "order: option.shop",
            "mine.yaml:8:7: `option.shop` names no option of this file; there are",
        ),
        ("id: item.id", "id: {path: item.id, join: [item.a]}", "this has 2"),
        ("connector: mine", "connector: mine\nconnector: yours", "not YAML"),
        ("emit: refund.created", "emit: dispute.opened", "`dispute.opened` needs dispute, and no value is given"),
        (
            "connector: mine",
            "connector: mine\nsignature: {scheme: strip, header: x}",
            "there is no scheme `strip`; did you mean `stripe`?",
        ),
        (
            "connector: mine",
            "connector: mine\nencoding: utf-16",
            "mine.yaml:2:1: `utf-16` cannot be read; did you mean `utf-8`?",
        ),
    ],
)
def test_each_fault_is_said_at_its_place_with_the_way_out(old: str, new: str, expected: str) -> None:
    assert old in GOOD
    assert any(expected in fault for fault in faults(GOOD.replace(old, new))), faults(GOOD.replace(old, new))


def test_all_faults_are_said_at_once() -> None:
    bad = GOOD.replace("item.order", "itm.order").replace("unix_time", "unixtime").replace("item.id", "x")
    assert len(faults(bad)) == 3
    with pytest.raises(MappingError) as caught:
        load_text(bad, "mine.yaml")
    assert len(caught.value.problems) == 3


def test_a_word_outside_a_closed_set_is_a_fault() -> None:
    bad = """connector: mine
rules:
  - on: thing
    emit: payment.attempted
    time: item.at
    data:
      outcome: {const: approved}
      amount: {money_minor: item.amount, currency: item.currency}
      cvv: {path: item.cvc, map: {ok: M, bad: X}}
      three_ds: {const: authentic}
"""
    assert faults(bad)[0].startswith("mine.yaml:9:7: `cvv` cannot be `X`")
    assert faults(bad)[1] == "mine.yaml:10:7: `three_ds` cannot be `authentic`; did you mean `authenticated`?"


def test_a_definition_can_only_use_those_above_it() -> None:
    circle = GOOD.replace("connector: mine", "connector: mine\ndefine:\n  a: $b\n  b: $a")
    assert any("`$b` is not defined above" in fault for fault in faults(circle))


def test_a_new_connector_is_one_file() -> None:
    mapping = load_text(GOOD.replace("rules:", "envelope: [{kind: body.kind, item: body.thing}]\nrules:"), "mine.yaml")
    raw = b'{"kind": "thing", "thing": {"id": 7, "at": 1780000000, "order": "o", "amount": 5, "currency": "jpy"}}'
    (event,) = Connector(mapping).read(raw).events
    assert event["source"] == "mine" and event["data"] == {"order": "o", "amount": {"minor": 5, "currency": "JPY"}}


def test_the_ready_connectors_reach_every_event_a_shop_or_processor_can_tell() -> None:
    reached = {
        rule.event_type.name
        for name in ("stripe", "shopify")
        for rule in load_connector(name).mapping.rules
        if rule.event_type is not None
    }
    assert reached <= set(CATALOGUE)
    assert {"payment.attempted", "order.placed", "order.paid", "order.cancelled", "order.changed", "shipment.shipped",
            "shipment.tracked", "shipment.delivered", "refund.created", "refund.failed", "return.requested", "dispute.opened",
            "dispute.updated", "dispute.closed", "fraud.warned", "payout_account.changed", "payout.scheduled",
            "payout.paid", "listing.created", "listing.changed"} == reached  # fmt: skip


@given(st.text(max_size=200) | st.sampled_from(["rules: [1, [2], {on: 3}]", "- a", "{", "connector: {a: b}\nrules: 7"]))
@settings(deadline=None, max_examples=60)
def test_no_text_breaks_the_reader_of_mappings(text: str) -> None:
    assert check_mapping(text)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_mapping_with_any_line_spoiled_loads_or_is_refused_with_a_place(data: st.DataObject) -> None:
    lines = GOOD.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    indent = len(lines[at]) - len(lines[at].lstrip())
    lines[at] = " " * indent + data.draw(
        st.sampled_from(["a: 1", "data: 5", "- b", "emit: {}", "time: []", "id: {card: 3}", "each: 7"])
    )
    for problem in check_mapping("\n".join(lines)):
        assert problem.line >= 1 and problem.column >= 1 and problem.message


def test_the_mapping_in_the_documentation_loads() -> None:
    page = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text()
    example = page.split("```yaml\n")[1].split("```")[0]
    assert faults(example) == []
