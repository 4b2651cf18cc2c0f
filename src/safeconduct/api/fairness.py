"""How fairly cases are decided, as the marketplace may publish it: without small cells."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.http import HttpResponse
from ninja import Query, Schema
from pydantic import Field

from safeconduct.kernel.cases import fairness
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.problems import Code, invalid

operations = Operations("fairness")


class FairnessAsked(Schema):
    since: date | None = Field(None, description="From the first moment of this day (UTC); 90 days back if left out.")
    until: date | None = Field(None, description="To the last moment of this day (UTC); now if left out.")


class Cell(Schema):
    """A share with its 95 % interval (Wilson), of `n`. Of fewer than five cases all three are null."""

    n: int | None
    share: float | None
    interval: list[float] | None


class NamedCell(Cell):
    name: str


class DecisionTime(Schema):
    kind: str
    n: int
    median_s: int
    p90_s: int


class Appeals(Schema):
    overturned: Cell
    amended: Cell


class SellerWins(Schema):
    all: Cell
    by_country: list[NamedCell]
    by_language: list[NamedCell]


class BlindAgreement(Schema):
    """Agreement of the blind second review: in all three parts, and in each."""

    outcome: Cell
    remedy: Cell
    liability: Cell
    standing: Cell


class PlatformMisses(Schema):
    """Deadlines that the platform missed once, and twice, when the backstop paid at the platform's cost."""

    kind: str
    clock: str
    first: int
    second: int


class FairnessFound(Schema):
    since: datetime
    until: datetime
    small: int
    decision_time: list[DecisionTime]
    appeals: Appeals
    seller_wins: SellerWins
    automated_losses: Cell
    missed_by_zone: list[NamedCell]
    blind_review: BlindAgreement
    platform_misses: list[PlatformMisses]


_CELL = {"n": 214, "share": 0.457944, "interval": [0.392469, 0.524921]}
_FOUND = {
    "since": "2026-09-01T00:00:00Z", "until": "2026-12-01T00:00:00Z", "small": 5,
    "decision_time": [{"kind": "dispute", "n": 190, "median_s": 518400, "p90_s": 1209600}],
    "appeals": {"overturned": _CELL, "amended": _CELL},
    "seller_wins": {"all": _CELL, "by_country": [{"name": "CL", **_CELL}], "by_language": [{"name": "es", **_CELL}]},
    "automated_losses": _CELL, "missed_by_zone": [{"name": "America/Santiago", **_CELL}],
    "blind_review": {"outcome": _CELL, "remedy": _CELL, "liability": _CELL, "standing": _CELL},
    "platform_misses": [{"kind": "dispute", "clock": "decision", "first": 3, "second": 0}],
}  # fmt: skip


@operation(
    operations, "GET", "/fairness", scope=Scope.FAIRNESS_READ, answer=FairnessFound, example=_FOUND,
    problems=(Code.INVALID,),
)  # fmt: skip
def get_fairness(request: Call, asked: Query[FairnessAsked]) -> HttpResponse:
    """Read how fairly cases were decided in a time: what a marketplace can publish.

    Cells of fewer than five cases are left out, so that nobody is found in them.
    """
    until = datetime.now(UTC) if asked.until is None else _start(asked.until) + timedelta(days=1)
    since = until - fairness.USUAL if asked.since is None else _start(asked.since)
    if since >= until:
        raise invalid("since", "is not before `until`")
    found = fairness.document(fairness.report(since, until), public=True)
    return answers.respond({**found, "since": answers.written(since), "until": answers.written(until)})


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
