"""`safeconduct ledger check` also asks whether what is held fits what is open."""

from __future__ import annotations

from tests.kernel.claims.claims_world import days, join, leave, opened, paid
from tests.kernel.record.builders import tamper

from safeconduct.kernel.claims import checking
from safeconduct.kernel.claims.words import ChannelOutcome
from safeconduct.kernel.ledger.checking import Answer
from safeconduct.kernel.scope import engine_scope


def answers(at: float = 5) -> list[Answer]:
    with engine_scope():
        return list(checking.asked(days(at)))


def test_what_is_disputed_is_held_and_let_go_when_it_is_over() -> None:
    paid()
    claim = opened()
    assert all(answer.ok for answer in answers())
    join(claim, amount=40)
    assert all(answer.ok for answer in answers())
    leave(claim, ChannelOutcome.WON)
    assert all(answer.ok for answer in answers())
    assert len(answers()) == checking.QUESTIONS


def test_a_claim_whose_hold_was_cut_off_and_a_hold_without_its_claim_are_both_found() -> None:
    paid()
    claim = opened()
    join(claim)
    tamper("UPDATE claim SET hold_key = '' WHERE id = %s", (claim,))
    short, loose, ahead = answers()
    assert ahead.ok
    assert short.wrong == (f"{claim}: 0 held of 9200 USD",)
    assert (
        len(loose.wrong) == 1 and loose.wrong[0].startswith(f"claim/{claim}/") and loose.wrong[0].endswith("USD 9200")
    )


def test_a_hold_whose_longest_time_is_over_is_not_missed() -> None:
    paid()
    claim = opened()
    join(claim, until=10)
    tamper("UPDATE claim SET hold_key = '' WHERE id = %s", (claim,))
    assert not answers(9)[0].ok
    assert answers(10)[0].ok
