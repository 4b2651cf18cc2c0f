"""The figures of the fairness report, counted by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from tests.kernel.builders import person
from tests.kernel.cases.builders import BUYER, START, days, decided, decision, hours, opened, seated, take

from safeconduct.foundation.intervals import score_interval
from safeconduct.kernel.cases import blind, fairness, publishing
from safeconduct.kernel.cases.blind import Given
from safeconduct.kernel.cases.fairness import Rate, document, published, report
from safeconduct.kernel.cases.models import BlindReview
from safeconduct.kernel.cases.opening import PartyIn
from safeconduct.kernel.cases.sweep import keep_up
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing
from safeconduct.kernel.scope import query, staff_scope

END = START + days(300)


def found(until: timedelta = timedelta(days=300)) -> fairness.Report:
    with staff_scope():
        return report(START - days(1), START + until)


def won(**changes: object) -> dict[str, object]:
    return {
        "remedy": Remedy.NOTHING, "liability": Liability.NOBODY, "standing": Standing.DOES_NOT_COUNT,
        "amount_minor": None, "currency": "", **changes,
    }  # fmt: skip


def case_of(country: str, language: str, wins: bool, after: timedelta = timedelta()) -> str:
    shop = PartyIn(Role.SELLER, 77, "America/Santiago" if country == "CL" else "Asia/Shanghai", country, language)
    case_id = opened(parties=(BUYER, shop))
    for name, role in (("contest", Role.SELLER), ("done", Role.SELLER), ("done", Role.BUYER)):
        take(case_id, name, role)
    arbiter = seated(case_id, Role.ARBITER)
    outcome = decision(**won()) if wins else decision()
    take(case_id, "decide", Role.ARBITER, START + after, who=arbiter.id, outcome=outcome)
    return case_id


def overturn(case_id: str, wins: bool) -> None:
    take(case_id, "appeal", Role.SELLER, START + days(2), why="Look at the scans")
    reviewer = seated(case_id, Role.REVIEWER, START + days(2))
    outcome = decision(**won()) if wins else decision()
    take(case_id, "rule", Role.REVIEWER, START + days(3), who=reviewer.id, outcome=outcome)


def test_wins_are_counted_by_country_and_language_and_only_the_outcome_that_stands() -> None:
    for n in range(6):
        case_of("CL", "es", wins=n < 2, after=hours(n))
    overturn(case_of("CN", "zh", wins=False), wins=True)
    overturn(case_of("CN", "zh", wins=False), wins=False)
    opened_and_accepted = opened()
    take(opened_and_accepted, "accept", Role.SELLER)
    told = found()
    assert told.wins == Rate("", 3, 8), "what was agreed is nobody's win"
    assert {rate.name: (rate.hits, rate.trials) for rate in told.by_country} == {"CL": (2, 6), "CN": (1, 2)}
    assert {rate.name: (rate.hits, rate.trials) for rate in told.by_language} == {"es": (2, 6), "zh": (1, 2)}
    assert (told.appeals.hits, told.appeals.trials, told.amended.hits) == (1, 2, 0)
    assert told.automated == Rate("automated", 0, 5)
    (times,) = told.times
    assert (times.kind, times.trials) == ("example", 8)
    assert (times.median, times.p90) == (hours(1.5), hours(4.3))


def test_of_few_cases_no_share_is_told_and_the_public_part_leaves_them_out() -> None:
    for n in range(6):
        case_of("CL", "es", wins=n < 2)
    case_of("CN", "zh", wins=True)
    told = found()
    staff, public = document(told, public=False), document(told, public=True)
    by_name = {cell["name"]: cell for cell in staff["seller_wins"]["by_country"]}
    assert (by_name["CN"]["n"], by_name["CN"]["share"]) == (1, None)
    assert by_name["CL"]["share"] == round(2 / 6, 6)
    assert "CN" not in str(public)
    assert public["seller_wins"]["by_country"] == [], "with one hidden case, the next smallest would tell of it"
    assert public["appeals"]["overturned"] == {"n": None, "share": None, "interval": None}


def test_hidden_cells_cannot_be_told_from_the_shown_ones() -> None:
    big, mid, small, tiny = Rate("a", 9, 90), Rate("b", 2, 20), Rate("c", 1, 4), Rate("d", 0, 3)
    assert published([big, mid]) == (big, mid)
    assert published([big, mid, small]) == (big,)
    assert published([big, mid, small, tiny]) == (big, mid)


def test_a_loss_by_silence_is_one_that_no_person_decided() -> None:
    preset = "preset: fast\nsince: 2026-01-01\nsource: ours\nsilence: [silent_seller_pays]\n"
    with staff_scope():
        publishing.publish("example", preset, since=START, written_by="a", approved_by="b", why="", at=START)
    for _ in range(4):
        opened()
    decided()
    keep_up(START + days(10))
    told = found()
    assert told.automated == Rate("automated", 4, 5)
    assert told.wins == Rate("", 0, 5)
    assert [(rate.name, rate.hits, rate.trials) for rate in told.zones] == [("America/Santiago", 4, 5)]


def test_the_platforms_misses_and_the_backstop_are_counted() -> None:
    case_id = opened()
    for name, role in (("contest", Role.SELLER), ("done", Role.SELLER), ("done", Role.BUYER)):
        take(case_id, name, role)
    keep_up(START + days(30))
    keep_up(START + days(60))
    (miss,) = found().platform
    assert (miss.kind, miss.clock, miss.first, miss.second) == ("example", "decision", 1, 1)
    assert found().wins.trials == 0, "what the backstop pays is nobody's decision"


def test_agreement_of_the_blind_review_is_told_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "BLIND_REVIEWS_PER_10000", 10_000)
    for n in range(6):
        case_id = decided()
        who = person()
        with staff_scope():
            review = blind.take(BlindReview.objects.get(case_id=case_id).id, who, at=START)
            standing = Standing.COUNTS if n else Standing.DOES_NOT_COUNT
            blind.give(review.id, who, Given(Remedy.REFUND, Liability.SELLER, standing, "So it is", 1), at=START)
    assert [(rate.name, rate.hits, rate.trials) for rate in found().blind] == [
        ("outcome", 5, 6), ("remedy", 6, 6), ("liability", 6, 6), ("standing", 5, 6),
    ]  # fmt: skip


def test_wilsons_interval_is_the_known_one() -> None:
    # By hand: (0.5 + 3.8415/20) / 1.38415 = 0.5, and 1.96 · sqrt(0.025 + 3.8415/400) / 1.38415 = 0.2634.
    assert (round(score_interval(5, 10).low, 3), round(score_interval(5, 10).high, 3)) == (0.237, 0.763)
    assert (score_interval(0, 10).low, round(score_interval(0, 10).high, 3)) == (0, 0.278)
    assert score_interval(0, 0).as_json() == [0, 1]
    with pytest.raises(ValueError, match="between"):
        score_interval(3, 2)


def test_every_figure_is_read_by_an_index() -> None:
    with staff_scope():
        query("SET LOCAL enable_seqscan = off")
        for statement in (fairness._TIMES, fairness._APPEALS, fairness._WINS, fairness._LOSSES, fairness._ZONES,
                          fairness._BLIND):  # fmt: skip
            plan = "\n".join(row[0] for row in query(f"EXPLAIN {statement}", [START, END]))
            assert "Seq Scan on case_outcome" not in plan
            assert "Seq Scan on case_deadline" not in plan
            assert "Seq Scan on case_blind_review" not in plan
