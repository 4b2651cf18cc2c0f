"""The fairness report over the API: what a marketplace can publish, and nothing about few."""

from __future__ import annotations

import pytest
from tests.api.api_world import Machine, good, key, problem
from tests.protections.disputes.court import Court, decision

from safeconduct.kernel.cases.words import Role

pytestmark = pytest.mark.usefixtures("empty_database")


def test_one_decision_is_in_no_cell() -> None:
    court = Court()
    court.open()
    court.take("decide", Role.ARBITER, court.to_the_arbiter(), decision())
    told = good(Machine().get("/v1/fairness", since="2026-01-01", until="2026-12-31"))
    assert told["decision_time"] == []
    assert told["seller_wins"] == {
        "all": {"n": None, "share": None, "interval": None}, "by_country": [], "by_language": [],
    }  # fmt: skip
    assert set(told["blind_review"]) == {"outcome", "remedy", "liability", "standing"}
    assert told["platform_misses"] == []


def test_a_platform_that_is_silent_twice_reads_so_of_itself() -> None:
    court = Court()
    court.open()
    court.do("answer", Role.SELLER, words="It was delivered, see the scans")
    court.do("escalate", Role.BUYER)
    court.wait(2)
    court.wait(2)
    told = good(Machine().get("/v1/fairness", since="2026-01-01", until="2026-12-31"))
    assert told["platform_misses"] == [{"kind": "dispute", "clock": "triage", "first": 1, "second": 1}]


def test_a_time_that_ends_before_it_begins_and_a_key_without_the_scope_are_refused() -> None:
    told = problem(Machine().get("/v1/fairness", since="2026-06-02", until="2026-06-01"), 422, "invalid")
    assert told["errors"][0]["field"] == "since"
    problem(Machine().get("/v1/fairness", since="soon"), 422, "invalid")
    problem(Machine(key("disputes:read")).get("/v1/fairness"), 403, "scope-missing")
