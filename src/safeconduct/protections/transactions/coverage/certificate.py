"""What evaluation gives: how an order stands against each cause, and why."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from safeconduct.protections.transactions.coverage.conditions import Result
from safeconduct.protections.transactions.coverage.words import Cause, Standing, State


class Position(NamedTuple):
    """How the order stands against one cause. ``reason``: a condition's name, or one of the words of `words`.
    ``pays_minor``: what a lost claim costs the fund at most, 0 unless the state is `paid`.
    """

    state: State
    reason: str = ""
    pays_minor: int = 0


class Reminder(NamedTuple):
    """A term of the seller that runs out. ``step``: how many warnings are due by now, 1 or 2."""

    condition: str
    step: int
    deadline_us: int


class Certificate(NamedTuple):
    """An order's coverage at an instant.

    ``up_to_minor``: the most the fund pays for it, None while the amount is unknown. ``until_us``: claims made from
    then on are not covered, None while that time is not fixed. ``next_at_us``: before it, no position changes without
    news. ``warn_at_us``: when the next warning is due. ``review_must_end_by_us``: see `template.Review`; None unless
    the order is under review and not yet paid. ``advance_minor``: what the fund pays for now, while banks decide about
    claims whose every condition is met; it is stored beside the certificate.
    """

    overall: State
    positions: dict[Cause, Position]
    conditions: dict[str, Result]
    of_claims: dict[str, dict[Cause, Result]]
    up_to_minor: int | None
    until_us: int | None
    next_at_us: int | None
    reminders: tuple[Reminder, ...]
    warn_at_us: int | None
    review_must_end_by_us: int | None
    advance_minor: int = 0

    def as_json(self) -> dict[str, Any]:
        """The certificate as it is stored: short lists, in the order of the fields of `Position` and `Result`."""
        return {
            "overall": self.overall,
            "positions": {cause: list(position) for cause, position in self.positions.items()},
            "conditions": {name: list(result) for name, result in self.conditions.items()},
            "of_claims": {
                name: {cause: list(result) for cause, result in found.items()} for name, found in self.of_claims.items()
            },
            "up_to_minor": self.up_to_minor, "until_us": self.until_us, "next_at_us": self.next_at_us,
            "warn_at_us": self.warn_at_us, "review_must_end_by_us": self.review_must_end_by_us,
            "reminders": [list(reminder) for reminder in self.reminders],
        }  # fmt: skip


def from_json(stored: dict[str, Any]) -> Certificate:
    """The certificate that `as_json` made."""

    def result(row: list[Any]) -> Result:
        return Result(Standing(row[0]), *row[1:])

    return Certificate(
        State(stored["overall"]),
        {Cause(cause): Position(State(row[0]), *row[1:]) for cause, row in stored["positions"].items()},
        {name: result(row) for name, row in stored["conditions"].items()},
        {name: {Cause(c): result(row) for c, row in found.items()} for name, found in stored["of_claims"].items()},
        stored["up_to_minor"], stored["until_us"], stored["next_at_us"],
        tuple(Reminder(*row) for row in stored["reminders"]), stored["warn_at_us"], stored["review_must_end_by_us"],
    )  # fmt: skip


#: What a list shows for an order, the most pressing first.
PRESSING: Final = (
    State.CLAIMED, State.DENIED, State.PAID, State.ACTIVE, State.QUOTED, State.PROTECTED, State.VOID, State.ENDED,
)  # fmt: skip


def overall(positions: dict[Cause, Position]) -> State:
    """One word for the order: the most pressing; `partly` where it is void against one cause and lives for another."""
    states = {position.state for position in positions.values()}
    first = next((state for state in PRESSING if state in states), State.ENDED)
    if first in (State.ACTIVE, State.PROTECTED) and State.VOID in states:
        return State.PARTLY
    return first
