"""What steps of a return ask for, and what they leave beside the case: the two axes of each line, the law's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.foundation.money import Money
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.words import Role, Status
from safeconduct.protections.returns import costs, grading
from safeconduct.protections.returns.models import Reimbursement, Return, ReturnLine
from safeconduct.protections.returns.refunding import Judgement, Line, Refund, refund
from safeconduct.protections.returns.rights import Asked, refund_due
from safeconduct.protections.returns.terms import Terms, terms_on
from safeconduct.protections.returns.words import Acceptance, Grade, Reception, Wish

Refusals = Mapping[str, str]

#: Step → where the lines are after it.
_RECEPTION: Final[Mapping[str, Reception]] = {
    "sent": Reception.IN_TRANSIT, "lost": Reception.LOST_IN_TRANSIT, "expire": Reception.NOT_SENT,
    "keep_goods": Reception.NOT_SENT, "platform_keeps": Reception.NOT_SENT, "destroyed": Reception.NOT_SENT,
}  # fmt: skip
#: Steps by which the goods are taken as they came; grade A is what silence gives.
_TAKEN: Final = frozenset({"accept", "replace", "taken_as_good", "law_pays", "law_pays_by_fund"})


def after(moved: Sequence[Moved], at: datetime) -> None:
    """Told of every step: times, reception, acceptance, by when law wants the money paid, and who bears the costs."""
    found = {one.case_id: one for one in Return.objects.filter(case_id__in=[one.case_id for one in moved])}
    lines = list(ReturnLine.objects.filter(returned_id__in=[one.id for one in found.values()]))
    steps = {found[one.case_id].id: one for one in moved if one.case_id in found}
    for line in lines:
        name = steps[line.returned_id].step.name
        line.reception = _RECEPTION.get(name, Reception(line.reception))
        if name in _TAKEN:
            line.acceptance, line.grade = Acceptance.ACCEPTED, line.grade or Grade.SELLABLE_AS_NEW
        elif steps[line.returned_id].target.name == "judging":
            line.acceptance = Acceptance.MANUAL_REVIEW
    for one in found.values():
        step = steps[one.id]
        grading.settle(one, step, [line for line in lines if line.returned_id == one.id], at)
        if step.step.name == "sent":
            one.sent_at = at
        over = step.target.status in (Status.DECIDED, Status.APPEALED, Status.CLOSED)
        one.law_due_at = None if over else refund_due(asked(one), sent_at=one.sent_at, received_at=one.received_at)
    Return.objects.bulk_update(found.values(), ["sent_at", "law_due_at", "freight"])
    ReturnLine.objects.bulk_update(
        lines,
        ["grade", "evidence", "take_off_minor", "late_minor", "judged_by", "judged_at", "acceptance", "reception"],
    )
    costs.settle(found.values(), at)


def asked(returned: Return) -> Asked:
    """A return as law looks at it."""
    route = Route(returned.buyer_country)
    return Asked(route, returned.buyer_zone, returned.delivered_at, returned.requested_at)


def computed(returned: Return, lines: Sequence[ReturnLine], terms: Terms) -> Refund:
    """What the lines come to as they have been judged. Raises NoGround."""
    return refund(
        [_line(line) for line in lines], terms, statutory=returned.statutory, in_window=returned.in_window
    )  # fmt: skip


def _line(line: ReturnLine) -> Line:
    found = None
    if line.grade:
        found = Judgement(
            Grade(line.grade), line.judged_by_id or "", tuple(line.evidence), line.take_off_minor, line.late_minor
        )
    return Line(line.name, line.amount_minor, Reception(line.reception), found)


# -- conditions -------------------------------------------------------------------------------------------------------


def _of(moved: Sequence[Moved]) -> dict[str, Return]:
    return {one.case_id: one for one in Return.objects.filter(case_id__in=[one.case_id for one in moved])}


def _unless(
    holds: Callable[[Return, datetime], bool], problem: Promise
) -> Callable[[Sequence[Moved], datetime], Refusals]:
    def guard(moved: Sequence[Moved], at: datetime) -> Refusals:
        return {case_id: str(problem) for case_id, one in _of(moved).items() if not holds(one, at)}

    return guard


def _written_rule(moved: Sequence[Moved], at: datetime) -> Refusals:
    refused = {}
    for case_id, one in _of(moved).items():
        most = terms_on(one.terms.partition("/")[0], one.requested_at.date()).written_rule_most.get(one.currency, 0)
        if not one.written_rule or not one.keeper_pays:
            refused[case_id] = _("a refund without return needs a written rule and a payer by name")
        elif one.amount_minor > most and Role.OPERATOR in _by(moved, case_id):
            refused[case_id] = _("the written rule goes up to %(most)s; have the goods sent back") % {
                "most": _written(most, one.currency)
            }
    return refused


def _written(minor: int, currency: str) -> str:
    return Money(minor, currency).format(get_language() or "en")


def _by(moved: Sequence[Moved], case_id: str) -> set[Role]:
    return {one.move.role for one in moved if one.case_id == case_id}


def _as_judged(moved: Sequence[Moved], at: datetime) -> Refusals:
    """The amount of an outcome is what the lines come to: nothing is taken off beside them."""
    found = _of(moved)
    lines: dict[str, list[ReturnLine]] = {one.id: [] for one in found.values()}
    for line in ReturnLine.objects.filter(returned_id__in=lines):
        lines[line.returned_id].append(line)
    refused = {}
    for one in moved:
        returned = found[one.case_id]
        terms = terms_on(returned.terms.partition("/")[0], returned.requested_at.date())
        grading.judge(one, lines[returned.id])
        amount = computed(returned, lines[returned.id], terms).amount_minor
        given = one.move.outcome.amount_minor if one.move.outcome is not None else None
        if (given or 0) != amount:
            refused[one.case_id] = _("the lines come to %(amount)s; judge the lines, and the amount follows") % {
                "amount": _written(amount, returned.currency)
            }
    return refused


def _within_limits(moved: Sequence[Moved], at: datetime) -> Refusals:
    refused = {}
    for row in Reimbursement.objects.filter(case_id__in=[one.case_id for one in moved]):
        for one in moved:
            given = one.move.outcome.amount_minor if one.move.outcome is not None else None
            if one.case_id == row.case_id and (given or 0) > row.most_minor:
                refused[row.case_id] = _("the terms allow %(most)s for this ground") % {
                    "most": _written(row.most_minor, row.currency)
                }
    return refused


GUARDS: Final[Mapping[str, Callable[[Sequence[Moved], datetime], Refusals]]] = {
    "may_travel": _unless(lambda one, at: not one.no_travel, lazy("these goods must not travel; have them destroyed")),
    "must_not_travel": _unless(
        lambda one, at: bool(one.no_travel), lazy("these goods may travel; have them sent back")
    ),
    "law_gives_no_right": _unless(
        lambda one, at: not one.statutory, lazy("law gives the buyer this return; it cannot be refused, only inspected")
    ),
    "wants_exchange": _unless(
        lambda one, at: one.wish == Wish.EXCHANGE, lazy("the buyer wants the money, not another one")
    ),
    "law_says_now": _unless(
        lambda one, at: one.law_due_at is not None and one.law_due_at <= at, lazy("law does not want this paid yet")
    ),
    "written_rule": _written_rule,
    "as_judged": _as_judged,
    "within_limits": _within_limits,
}
