"""An outcome: what the buyer gets, who pays, whether it counts; and the statement of reasons, without which none is
stored. The checks here say which part is wrong; the database refuses the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases.errors import CaseMalformed
from safeconduct.kernel.cases.words import Disclosure, Liability, Remedy, Standing, Verdict
from safeconduct.kernel.cases.workflow import Ending, Sentence, Workflow

#: Remedies that are an amount of money.
_MONEY: Final = frozenset({Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN, Remedy.REIMBURSE})
_LONGEST: Final = 4_000
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is decided, and why.

    ``rule`` and ``rule_version``: what it rests on. ``facts``: the reasons whole; ``told``: what the parties are told
    of them, the same where the disclosure is full. ``considered``: ids of the case's evidence. ``missing``: what would
    have helped. ``cure``: what puts it right. ``redress``: where to turn outside. ``shares``: liability → minor units,
    where several pay.
    """

    remedy: Remedy
    liability: Liability
    standing: Standing
    rule: str
    rule_version: str
    facts: Sentence
    told: Sentence = field(default_factory=dict)
    amount_minor: int | None = None
    currency: str = ""
    shares: Mapping[str, int] = field(default_factory=dict)
    disclosure: Disclosure = Disclosure.FULL
    category: str = ""
    withheld_basis: str = ""
    withheld_until: date | None = None
    considered: tuple[str, ...] = ()
    missing: tuple[Sentence, ...] = ()
    cure: Sentence = field(default_factory=dict)
    redress: Sentence = field(default_factory=dict)
    automated: bool = False

    def check(self) -> None:
        """Raises CaseMalformed, which names the part and what it lacks."""
        for name, words in (("facts", self.facts), ("told", self.told)):
            if any(len(text) > _LONGEST for text in words.values()):
                raise CaseMalformed(name, _("is longer than %(n)s characters") % {"n": _LONGEST})
        if not any(text.strip() for text in self.facts.values()):
            raise CaseMalformed("facts", _("an outcome says what was found; write at least one sentence"))
        if not self.rule or not self.rule_version:
            raise CaseMalformed("rule", "an outcome names the rule it rests on, and its version")
        if self.disclosure is not Disclosure.FULL and not any(text.strip() for text in self.told.values()):
            raise CaseMalformed("told", "where not everything is disclosed, say what the parties are told instead")
        if self.disclosure is Disclosure.CATEGORY and not self.category:
            raise CaseMalformed("category", "name the category that is disclosed")
        if self.disclosure is Disclosure.WITHHELD and (not self.withheld_basis or self.withheld_until is None):
            raise CaseMalformed("withheld_basis", "reasons are withheld on a legal basis and until a date of review")
        if (self.amount_minor is None) != (not self.currency) or (self.amount_minor or 0) < 0:
            raise CaseMalformed("amount_minor", "an amount is zero or more minor units of a currency")
        if self.remedy in _MONEY and self.amount_minor is None:
            raise CaseMalformed("amount_minor", _("this remedy is an amount of money; say how much"))
        if (self.liability is Liability.SHARED) != bool(self.shares):
            raise CaseMalformed("shares", _("where several pay, say who bears how much; else leave it out"))
        if self.shares and (sum(self.shares.values()) != self.amount_minor or min(self.shares.values()) < 0):
            raise CaseMalformed("shares", f"the shares must add up to {self.amount_minor}")
        if self.shares.keys() - set(Liability):
            raise CaseMalformed("shares", f"who pays is one of {', '.join(Liability)}")
        if len(self.considered) > _MOST or len(self.missing) > _MOST:
            raise CaseMalformed("considered", f"more than {_MOST} pieces; name those it rests on")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A second person's word on a proposed decision: which, who, and the minor units above which it needed them."""

    proposal_id: str
    person: str
    above_minor: int


def of_ending(ending: Ending, workflow: Workflow, step: str, amount_minor: int | None, currency: str) -> Outcome:
    """The outcome of a step whose workflow says how it ends."""
    money = ending.remedy in _MONEY
    return Outcome(
        ending.remedy, ending.liability, ending.standing, f"{workflow.name}/{step}", workflow.version, ending.because,
        amount_minor=amount_minor if money else None, currency=currency if money else "", automated=True,
    )  # fmt: skip


def plain(outcome: Outcome) -> dict[str, Any]:
    """An outcome in JSON's words, as a proposal keeps it."""
    raw = asdict(outcome)
    until = outcome.withheld_until
    return {**raw, "withheld_until": None if until is None else until.isoformat()}


def of_plain(raw: Mapping[str, Any]) -> Outcome:
    """The outcome that `plain` wrote down."""
    until = raw["withheld_until"]
    return Outcome(
        **{
            **raw, "remedy": Remedy(raw["remedy"]), "liability": Liability(raw["liability"]),
            "standing": Standing(raw["standing"]), "disclosure": Disclosure(raw["disclosure"]),
            "withheld_until": None if until is None else date.fromisoformat(until),
            "considered": tuple(raw["considered"]), "missing": tuple(raw["missing"]),
        }
    )  # fmt: skip


def verdict(now: Outcome, before: Mapping[str, Any]) -> Verdict:
    """What an outcome does to the one before it: who pays decides whether it is turned over."""
    if now.liability != before["liability"]:
        return Verdict.OVERTURNED
    same = (now.remedy, now.standing, now.amount_minor) == (
        before["remedy"], before["standing"], before["amount_minor"],
    )  # fmt: skip
    return Verdict.UPHELD if same else Verdict.AMENDED


def row(
    outcome: Outcome, case_id: str, seller_key: int, decided: tuple[str, str] | None, appeal_until: datetime | None,
    final: bool, before: Mapping[str, Any] | None, at: datetime, confirmed: Confirmed | None = None,
) -> dict[str, Any]:  # fmt: skip
    """An outcome as a row of its table. ``decided``: the person and the seat, where a person decided.

    ``appeal_until``: None of one that is not final while a pause without end stops the clock of the appeal.
    """
    return {
        "id": new_id("out"), "case_id": case_id, "seller_key": seller_key, "remedy": outcome.remedy.value,
        "amount_minor": outcome.amount_minor, "currency": outcome.currency, "liability": outcome.liability.value,
        "shares": dict(outcome.shares), "standing": outcome.standing.value, "rule": outcome.rule,
        "rule_version": outcome.rule_version, "facts": dict(outcome.facts),
        "told": dict(outcome.told or outcome.facts), "disclosure": outcome.disclosure.value,
        "category": outcome.category, "withheld_basis": outcome.withheld_basis,
        "withheld_until": None if outcome.withheld_until is None else outcome.withheld_until.isoformat(),
        "considered": list(outcome.considered), "missing": [dict(words) for words in outcome.missing],
        "cure": dict(outcome.cure), "redress": dict(outcome.redress), "automated": outcome.automated,
        "decided_by": decided[0] if decided else None, "decided_role": decided[1] if decided else None,
        "proposal_id": confirmed.proposal_id if confirmed else None,
        "second_above_minor": confirmed.above_minor if confirmed else None,
        "approved_by": confirmed.person if confirmed else None, "approved_role": "approver" if confirmed else None,
        "appeal_until": None if appeal_until is None else appeal_until.isoformat(), "final": final,
        "appeal_paused": not final and appeal_until is None,
        "replaces": before["id"] if before else None, "verdict": verdict(outcome, before).value if before else "",
        "at": at.isoformat(),
    }  # fmt: skip
