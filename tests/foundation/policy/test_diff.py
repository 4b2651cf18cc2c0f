"""What a reviewer is shown of a new version: every change, and nothing that is none."""

from __future__ import annotations

from policy_shop import read

from safeconduct.foundation.policy.diff import Change, ChangeKind, Subject, diff
from safeconduct.foundation.policy.nodes import Policy

OLD = """\
policy: order-risk
title: {en: Order risk}
on: order.placed
in: USD
allow: {buyer: trusted-buyers}
features:
  shops: {distinct: seller, by: card, over: 1 hour}
  orders: {count: order.placed, by: buyer, over: 90 days}
scores: {fraud: {model: order-fraud}}
rules:
  many_shops:
    when: shops >= 3 AND amount > money('50 USD')
    then: review
    because: {en: "Card used at {shops} shops", zh: "…", es: "…"}
  new_and_dear: {when: "orders = 0 OR fraud > 0.9", then: challenge, because: {en: New, zh: 新, es: Nuevo}}
"""


def policy(text: str) -> Policy:
    reading = read(text)
    assert reading.policy is not None, reading.render()
    return reading.policy


def changes(*edits: tuple[str, str]) -> list[Change]:
    new = OLD
    for old_piece, new_piece in edits:
        assert old_piece in new
        new = new.replace(old_piece, new_piece)
    return list(diff(policy(OLD), policy(new)))


def test_a_policy_does_not_differ_from_itself() -> None:
    assert changes() == []


def test_spaces_comments_quotes_and_the_case_of_words_are_no_change() -> None:
    folded = "# a comment\n    when: >-\n      shops>=3\n      and amount > money('50.00 USD')"
    found = changes(
        ("when: shops >= 3 AND amount > money('50 USD')", folded),
        ("over: 1 hour", "over: 60 minutes"),
        ("{en: New, zh: 新, es: Nuevo}", '{es: "Nuevo", en: "New", zh: "新"}'),
    )
    assert found == []


def test_a_raised_threshold_is_shown_as_before_and_after() -> None:
    (change,) = changes(("shops >= 3", "shops >= 5"))
    assert (change.subject, change.name, change.kind, change.aspect) == (
        Subject.RULE, "many_shops", ChangeKind.CHANGED, "when"
    )  # fmt: skip
    assert change.before == "shops >= 3 AND amount > money('50 USD')"
    assert change.after == "shops >= 5 AND amount > money('50 USD')"


def test_each_part_of_a_rule_is_a_change_of_its_own() -> None:
    found = changes(("then: review", "then: block\n    listable: true\n    unknown: review\n    disclosure: full"))
    assert {(c.aspect, c.before, c.after) for c in found} == {
        ("then", "review", "block"),
        ("listable", "false", "true"),
        ("unknown", "allow", "review"),
        ("disclosure", "category", "full"),
    }


def test_what_is_renamed_is_removed_and_added() -> None:
    found = changes(("many_shops:", "too_many_shops:"))
    assert [(c.name, c.kind) for c in found] == [
        ("too_many_shops", ChangeKind.ADDED), ("many_shops", ChangeKind.REMOVED)
    ]  # fmt: skip
    assert "then: review" in (found[0].after or "") and found[0].before is None
    assert found[1].after is None and "shops >= 3" in (found[1].before or "")


def test_settings_features_and_scores_come_before_rules() -> None:
    found = changes(
        ("in: USD\n", "in: USD\nbudget: 40 ms\non_failure: challenge\n"),
        ("en: Order risk", "en: Risk of orders"),
        ("trusted-buyers", "old-friends"),
        ("over: 90 days", "over: 30 days"),
        ("model: order-fraud", "model: order-fraud-2"),
        ("fraud > 0.9", "fraud > 0.8"),
    )
    assert [(c.subject, c.name, c.aspect) for c in found] == [
        (Subject.SETTING, "order-risk", "budget"),
        (Subject.SETTING, "order-risk", "on_failure"),
        (Subject.SETTING, "order-risk", "title.en"),
        (Subject.SETTING, "order-risk", "allow.buyer"),
        (Subject.FEATURE, "orders", ""),
        (Subject.SCORE, "fraud", ""),
        (Subject.RULE, "new_and_dear", "when"),
    ]
    assert found[4].after == "{count: order.placed, by: buyer, over: 30 days}"


def test_a_second_allow_list_for_the_same_field_is_a_change() -> None:
    (change,) = changes(("{buyer: trusted-buyers}", "{buyer: [trusted-buyers, old-friends]}"))
    assert (change.before, change.after) == ("trusted-buyers", "trusted-buyers, old-friends")


def test_a_change_undone_is_the_change_the_other_way_round() -> None:
    old, new = policy(OLD), policy(OLD.replace("shops >= 3", "shops >= 4").replace("over: 90 days", "over: 9 days"))
    there, back = diff(old, new), diff(new, old)
    assert [(c.name, c.aspect, c.before, c.after) for c in there] == [
        (c.name, c.aspect, c.after, c.before) for c in back
    ]
