"""Decisions of disputes and returns as statements of reasons, written by the command."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.protections.disputes.court import Court, decision, for_the_seller
from tests.protections.returns.market import Market, returned
from tests.protections.transactions.shop import START

from safeconduct.cli import cases_dsa
from safeconduct.kernel.cases import dsa_export
from safeconduct.kernel.cases.dsa import problems
from safeconduct.kernel.cases.words import Liability, Remedy, Role
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.returns.words import Grade, Reason

pytestmark = pytest.mark.usefixtures("empty_database")
DAY = START.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
WORDS = {"en": "Ana Rojas of Calle Sur 4 sent three pictures."}


def exported(capsys: pytest.CaptureFixture[str], code: int = 0, **changes: Any) -> tuple[list[Any], dict[str, Any]]:
    """What the command wrote: its lines, and the count."""
    fields: dict[str, Any] = {
        "since": DAY, "until": DAY + timedelta(days=60), "kinds": [], "calls": False, "out": None, "as_json": True,
        **changes,
    }  # fmt: skip
    assert cases_dsa.export(**fields) == code
    said = capsys.readouterr()
    return [json.loads(line) for line in said.out.splitlines()], json.loads(said.err)


def lost(kind: ClaimType = ClaimType.NOT_GENUINE, **changes: Any) -> Court:
    court = Court()
    court.open(type=kind, words="It is a copy, says Ana Rojas")
    court.take("decide", Role.ARBITER, court.to_the_arbiter(), decision(rule=f"dispute/{kind}", facts=WORDS, **changes))
    return court


def test_a_dispute_about_the_offer_that_the_seller_lost_is_told_without_a_word_about_anybody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    court = lost()
    (made,), count = exported(capsys)
    assert problems(made) == []
    assert (made["decision_monetary"], made["territorial_scope"]) == ("DECISION_MONETARY_TERMINATION", ["DE"])
    assert made["category"] == "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS"
    assert (made["content_date"], made["automated_decision"]) == (
        f"{START:%Y-%m-%d}", "AUTOMATED_DECISION_NOT_AUTOMATED",
    )  # fmt: skip
    assert "Not genuine" in made["decision_facts"] and "a full refund" in made["decision_facts"]
    whole = json.dumps(made)
    assert not any(word in whole for word in ("Ana", "Calle", "ord-1", "sel-1", court.dispute.case_id))
    assert (count["statements"], count["by_kind"], count["outside_eea"]) == (1, {"dispute": 1}, 0)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (ClaimType.NOT_RECEIVED, {}),  # says nothing about the offer
        (ClaimType.NOT_GENUINE, {"liability": Liability.PLATFORM}),
        (ClaimType.NOT_GENUINE, {"remedy": Remedy.REPLACEMENT, "amount_minor": None, "currency": ""}),
    ],
)
def test_what_takes_nothing_from_the_seller_for_the_offer_is_no_restriction(
    kind: ClaimType, changes: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lost(kind, **changes)
    assert exported(capsys)[0] == []


def test_a_decision_is_told_once_whatever_the_appeal_says(capsys: pytest.CaptureFixture[str]) -> None:
    court = lost()
    court.do("appeal", Role.SELLER, words="Here are the invoices")
    court.take("rule", Role.REVIEWER, court.seat(Role.REVIEWER), decision(rule="dispute/not_genuine", facts=WORDS))
    assert len(exported(capsys)[0]) == 1


def test_a_decision_that_an_appeal_turns_against_the_seller_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    court = Court()
    court.open(type=ClaimType.NOT_AS_DESCRIBED)
    court.take("decide", Role.ARBITER, court.to_the_arbiter(), for_the_seller())
    assert exported(capsys)[0] == []
    court.do("appeal", Role.BUYER, words="Look at the pictures")
    court.take("rule", Role.REVIEWER, court.seat(Role.REVIEWER), decision(facts=WORDS))
    (made,), _ = exported(capsys)
    assert made["category"] == "STATEMENT_CATEGORY_CONSUMER_INFORMATION"


def test_what_a_dispute_about_the_offer_holds_is_told_only_when_it_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    court = lost()
    assert len(exported(capsys)[0]) == 1
    (ended, held), count = exported(capsys, holds=True)
    assert problems(held) == [] and count["by_kind"] == {"dispute": 2}
    assert (ended["decision_monetary"], held["decision_monetary"]) == (
        "DECISION_MONETARY_TERMINATION", "DECISION_MONETARY_SUSPENSION",
    )  # fmt: skip
    assert (held["puid"], held["automated_decision"]) == (f"{court.dispute.case_id}-hold", "AUTOMATED_DECISION_FULLY")
    assert held["end_date_monetary_restriction"] > held["application_date"]
    assert not any(word in json.dumps(held) for word in ("Ana", "Calle", "ord-1", "sel-1"))
    assert exported(capsys, holds=True, kinds=["return"])[0] == []


def test_the_hold_of_a_dispute_about_the_way_is_no_restriction(capsys: pytest.CaptureFixture[str]) -> None:
    Court().open(type=ClaimType.NOT_RECEIVED)
    assert exported(capsys, holds=True)[0] == []


def test_holds_are_told_in_parts_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    court = lost()
    span = (START - timedelta(days=1), court.now + timedelta(days=1))
    whole = list(dsa_export.holds(*span))
    monkeypatch.setattr(dsa_export, "_PART", 1)
    assert list(dsa_export.holds(*span)) == whole and len(whole) == 1


def test_the_period_ends_with_its_last_day_and_kinds_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    court = lost()
    day = court.now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    assert len(exported(capsys, since=day, until=day)[0]) == 1
    assert exported(capsys, until=day - timedelta(days=1))[0] == []
    assert exported(capsys, since=day + timedelta(days=1))[0] == []
    assert exported(capsys, kinds=["return"])[0] == []
    (call,), _ = exported(capsys, calls=True)
    assert len(call["statements"]) == 1


def test_parts_make_the_same_export_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    court = lost()
    span = (START - timedelta(days=1), court.now + timedelta(days=1))
    whole = list(dsa_export.export(*span))
    monkeypatch.setattr(dsa_export, "_PART", 1)
    assert list(dsa_export.export(*span)) == whole and len(whole) == 1


@pytest.mark.parametrize(("day", "told"), [(5.0, 0), (40.0, 1)])
def test_a_return_of_goods_that_were_not_as_described_is_told_where_law_gave_no_right(
    day: float, told: int, capsys: pytest.CaptureFixture[str]
) -> None:
    market = Market()
    market.sent()
    market.asks(day=day, reason=Reason.NOT_AS_DESCRIBED)
    if not told:
        assert returned().statutory
    else:
        market.does("authorise", day=day + 1)
    market.comes_back(day=day + 5)
    market.does("to_person", Role.ENGINE)
    market.judged(Grade.SELLABLE_AS_NEW)
    made, _ = exported(capsys)
    assert [one["category"] for one in made] == ["STATEMENT_CATEGORY_CONSUMER_INFORMATION"] * told
    assert all("sent goods" in one["decision_facts"] for one in made)
    assert len(exported(capsys, holds=True)[0]) == 2 * told


def test_a_file_is_whole_or_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lost()
    out = tmp_path / "statements.jsonl"
    lines, count = exported(capsys, out=out)
    assert lines == [] and count["statements"] == 1
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1 and out.stat().st_mode & 0o077 == 0
    with pytest.raises(SystemExit):
        exported(capsys, out=tmp_path / "nowhere" / "statements.jsonl")
    assert "--out" in capsys.readouterr().err and sorted(tmp_path.iterdir()) == [out]


def test_bounds_and_kinds_that_make_no_sense_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    future = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=3)
    for changes, said in (
        ({"until": DAY - timedelta(days=1)}, "is not before --until"),
        ({"since": future, "until": None}, "is not before --until"),
        ({"kinds": ["return-reimbursement"]}, "no decision of it restricts a seller; there are dispute, return"),
    ):
        with pytest.raises(SystemExit) as ended:
            exported(capsys, **changes)
        assert ended.value.code == 2 and said in " ".join(capsys.readouterr().err.split())
