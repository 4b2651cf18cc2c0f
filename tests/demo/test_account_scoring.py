"""The score of accounts is right: worked out by hand on small cases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from rich.console import Console

from safeconduct.demo import Label
from safeconduct.demo.account_scoring import (
    AccountReport,
    Happened,
    JudgedAct,
    PaidOut,
    StaffReading,
    Stopped,
    score_accounts,
)
from safeconduct.demo.scoreboard_accounts import render_accounts

T0 = datetime(2026, 8, 3, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def label(
    event: str, role: str, expected: str, *, hours: float = 0, attack: str = "seller_takeover", incident: int = 0,
    kind: str = "act", entity: str = "",
) -> Label:  # fmt: skip
    at = (T0 + hours * HOUR).isoformat()
    return Label(
        kind, entity or event, event or None, None, attack, role, f"{attack}#{incident}", at, at, "high", expected, 0,
        "CNY",
    )  # fmt: skip


def victim(shop: str = "sel-1", incident: int = 0) -> Label:
    return label("", "victim", "review", kind="seller", entity=shop, incident=incident)


def act(event: str, level: int, *rules: str, hours: float = 0, shop: str = "sel-1") -> JudgedAct:
    return JudgedAct(event, shop, level, T0 + hours * HOUR, rules)


THEFT = [
    victim(), label("in", "sign_in", "challenge"), label("mail", "contact_changed", "review", hours=2),
    label("bank", "payout_changed", "review", hours=5),
]  # fmt: skip
CAUGHT = [
    act("in", 2, "new_device_and_network"), act("mail", 3, "contact_changes", hours=2),
    act("bank", 4, "two_great_changes", hours=5),
]  # fmt: skip


def test_a_step_is_caught_when_as_much_followed_as_it_calls_for() -> None:
    less = [CAUGHT[0], act("mail", 2, "contact_changes", hours=2)]
    (one,) = score_accounts(THEFT, Happened(less)).attacks
    assert (one.steps, one.caught, one.undecided, one.recall) == (3, 1, 1, 1 / 3)
    assert (one.noticed, one.held, one.median_s_to_notice, one.median_s_to_hold) == (1, 0, 0, None)
    (one,) = score_accounts(THEFT, Happened(CAUGHT)).attacks
    assert (one.recall, one.precision, one.median_s_to_hold) == (1, 1, 2 * 3600)


def test_precision_counts_the_honest_acts_on_which_the_same_rule_asked_for_as_much() -> None:
    honest = [act(f"h{n}", 2, "new_device_and_network") for n in range(3)]
    (one,) = score_accounts(THEFT[:2], Happened([CAUGHT[0], *honest])).attacks
    assert one.precision == 0.25


def test_what_nobody_could_tell_is_no_miss() -> None:
    rows = [
        label("e1", "export", "allow", attack="slow_insider"),
        label("e2", "over_quota", "challenge", attack="slow_insider"),
    ]
    (one,) = score_accounts(rows, Happened([act("e2", 2, "unusual_export")])).attacks
    assert (one.steps, one.unseen, one.recall) == (1, 1, 1)


def test_nothing_may_reach_the_new_account_until_the_owner_is_back() -> None:
    asked = T0 + 5 * HOUR
    stop = Stopped("sel-1", T0 + 2 * HOUR, asked + 13 * DAY)
    paid = [PaidOut("sel-1", asked + days * DAY, 700) for days in (2.9, 13)] + [PaidOut("sel-2", asked + 4 * DAY, 900)]
    new = score_accounts(THEFT, Happened(CAUGHT, paid, [stop])).new_accounts
    assert (new.changes, new.stopped, new.paid_minor, new.median_h_ahead) == (1, 1, 0, 75)
    through = [*paid, PaidOut("sel-1", asked + 4 * DAY, 500)]
    new = score_accounts(THEFT, Happened(CAUGHT, through, [stop])).new_accounts
    assert (new.stopped, new.paid_minor) == (0, 500)


def test_a_stop_that_ends_before_the_owner_is_back_has_stopped_nothing() -> None:
    short = Stopped("sel-1", T0 + 2 * HOUR, T0 + 74 * HOUR)
    assert score_accounts(THEFT, Happened(CAUGHT, [], [short])).new_accounts.stopped == 0


def test_honest_people_who_are_held_are_counted_by_person_and_by_rule() -> None:
    rows = [label(f"p{n}", "decoy", "allow", attack="lost_phones", incident=n // 2) for n in range(4)]
    acts = [act("p0", 3, "recovered_lately"), act("p1", 3, "recovered_lately"), act("p2", 2), act("p3", 0), act("x", 0)]
    report = score_accounts(rows, Happened(acts))
    (decoy,) = report.decoys
    assert (decoy.acts, decoy.held, decoy.challenged, decoy.people, decoy.people_held) == (4, 2, 1, 2, 1)
    assert decoy.false_accusation_rate == 0.5
    assert (report.honest, report.honest_held, report.honest_challenged, report.held_rate) == (5, 2, 1, 0.4)
    assert report.held_for == {"recovered_lately": 2}


def reading(hours: float, *, shown: bool = True, case: bool = False) -> StaffReading:
    return StaffReading("sel-1", T0 + hours * HOUR, shown, case, "Checking something")


def test_a_look_without_a_case_counts_as_found_where_it_was_written_down() -> None:
    looked = [
        label("", "snooped", "review", hours=h, attack="staff_snooping", kind="reading", entity="sel-1") for h in (1, 30)
    ]  # fmt: skip
    kept = [reading(1), reading(1, shown=False), reading(2, case=True)]
    found = score_accounts(looked, Happened([], readings=kept)).snooping
    assert (found.planted, found.found, found.snooped, found.seen, found.with_case) == (2, 1, 2, 1, 1)


def test_the_score_is_told_in_sentences_and_goes_into_json() -> None:
    report = score_accounts(THEFT, Happened(CAUGHT, [], [Stopped("sel-1", T0, None)]))
    told = Console(record=True, width=160)
    render_accounts(report, told)
    text = told.export_text()
    assert "payouts stopped in time for 1, paid to them ¥0" in text and "seller takeover" in text
    again = json.loads(json.dumps(report.as_json()))
    assert again["new_accounts"]["stopped"] == 1 and again["honest_held_rate"] == 0
    empty: AccountReport = score_accounts([], Happened([]))
    render_accounts(empty, told)
    assert empty.held_rate == 0
