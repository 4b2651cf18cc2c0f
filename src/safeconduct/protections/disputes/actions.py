"""What people do in a dispute: answer, offer, accept, bring evidence to an end, escalate, mediate, decide, appeal.

Every state change is a step of the workflow, taken by `machine.transition` in the caller's scope (engine or staff; who
may act for a party is checked by whoever calls). Offers are messages; what an acceptance brings about is a step of the
engine with the terms of that offer as its outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from safeconduct.kernel.cases import machine, messages
from safeconduct.kernel.cases.errors import CaseMalformed
from safeconduct.kernel.cases.messages import Offer
from safeconduct.kernel.cases.models import Case, CaseMessage
from safeconduct.kernel.cases.moves import Move, Moved
from safeconduct.kernel.cases.outcomes import Outcome
from safeconduct.kernel.cases.words import Liability, MessageKind, OfferState, Remedy, Role, Standing
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.ui.formats import money as money_written
from safeconduct.protections.disputes.errors import NoOffersNow, NoSuchDispute

#: States in which both sides can settle between themselves.
TALKING: Final = frozenset({"open", "negotiating", "awaiting_platform", "evidence"})
#: Where a mediator's proposal is answered: state → who answers there.
PROPOSED: Final[Mapping[str, frozenset[Role]]] = {
    "proposed": frozenset({Role.BUYER, Role.SELLER}),
    "proposed_to_buyer": frozenset({Role.BUYER}),
    "proposed_to_seller": frozenset({Role.SELLER}),
}
#: The rule that a settlement rests on.
SETTLED: Final = "dispute/settled"
_FACTS: Final[Mapping[bool, Sentence]] = {
    False: {
        "en": "Both sides agreed to these terms.",
        "zh": "双方同意这些条件。",
        "es": "Ambas partes aceptaron estas condiciones.",
    },
    True: {
        "en": "Both sides accepted the mediator's proposal.",
        "zh": "双方接受了调解员的方案。",
        "es": "Ambas partes aceptaron la propuesta del mediador.",
    },
}


def take(
    case_id: str, name: str, actor: Actor, role: Role, *, at: datetime, seen_step: int | None = None,
    outcome: Outcome | None = None, facts: Mapping[str, Any] | None = None,
) -> Moved:  # fmt: skip
    """Takes a step of the workflow by its name. Raises what `machine.transition` does, such as NotPossible with the
    steps that are possible, and ChangedMeanwhile for a page that is out of date."""
    move = Move(case_id, name, actor, role, outcome, seen_step, facts or {})
    (moved,) = machine.transition([move], at=at)
    return moved


def offer(
    case_id: str, actor: Actor, role: Role, what: Offer, words: str, *, at: datetime, seen_step: int | None = None
) -> CaseMessage:
    """Makes an offer to the other side, which replaces one's own that is open. The seller's first is their answer."""
    case = _locked(case_id)
    if case.state not in TALKING or role not in (Role.BUYER, Role.SELLER):
        raise NoOffersNow(case.state)
    _fits(case, what)
    made = messages.offer(case_id, actor, role, what, words, at=at)
    if role is Role.SELLER and case.state == "open":
        take(case_id, "offer", Actor(actor.id, actor.role), role, at=at, seen_step=seen_step)
    return made


def accept(case_id: str, message_id: str, actor: Actor, role: Role, *, at: datetime) -> Moved:
    """Accepts the other side's offer: the dispute ends on its terms. The mediator's proposal is agreed to."""
    case = _locked(case_id)
    if _is_proposal(case_id, message_id):
        return agree(case_id, actor, role, at=at)
    if case.state not in TALKING:
        raise NoOffersNow(case.state)
    accepted = messages.answer(_of(case_id, message_id), actor, role, OfferState.ACCEPTED, at=at)
    return _settle(case, accepted, actor, role, at)


def decline(case_id: str, message_id: str, actor: Actor, role: Role, *, at: datetime) -> None:
    """Declines the other side's offer; the dispute goes on. The mediator's proposal is rejected: somebody decides."""
    _locked(case_id)
    if _is_proposal(case_id, message_id):
        reject(case_id, actor, role, at=at)
        return
    messages.answer(_of(case_id, message_id), actor, role, OfferState.DECLINED, at=at)


def take_back(case_id: str, message_id: str, actor: Actor, role: Role, *, at: datetime) -> None:
    """Takes one's own open offer back."""
    _locked(case_id)
    messages.answer(_of(case_id, message_id), actor, role, OfferState.WITHDRAWN, at=at)


def propose(
    case_id: str, mediator: Actor, what: Offer, words: str, *, at: datetime, seen_step: int | None = None
) -> Moved:
    """The mediator's proposal to both sides; arbiter and reviewer do not see it."""
    _fits(_locked(case_id), what)
    messages.offer(case_id, mediator, Role.MEDIATOR, what, words, at=at)
    return take(case_id, "propose", Actor(mediator.id, mediator.role), Role.MEDIATOR, at=at, seen_step=seen_step)


def agree(case_id: str, actor: Actor, role: Role, *, at: datetime) -> Moved:
    """Accepts the mediator's proposal: the second side's word ends the dispute on its terms."""
    case = _locked(case_id)
    if role not in PROPOSED.get(case.state, ()):
        raise NoOffersNow(case.state)
    if case.state == "proposed":
        return take(case_id, f"{role}_agrees", Actor(actor.id, actor.role), role, at=at)
    accepted = messages.answer(_proposal(case_id).id, actor, role, OfferState.ACCEPTED, at=at)
    return _settle(case, accepted, actor, role, at)


def reject(case_id: str, actor: Actor, role: Role, *, at: datetime) -> Moved:
    """Declines the mediator's proposal: somebody decides."""
    case = _locked(case_id)
    if role not in PROPOSED.get(case.state, ()):
        raise NoOffersNow(case.state)
    messages.answer(_proposal(case_id).id, actor, role, OfferState.DECLINED, at=at)
    return take(case_id, "reject", Actor(actor.id, actor.role), role, at=at)


def settlement(what: Offer, version: str, *, mediated: bool) -> Outcome:
    """The outcome of an agreement: the seller bears what they agreed to, and it does not count against them."""
    return Outcome(
        what.remedy, Liability.SELLER, Standing.DOES_NOT_COUNT, SETTLED, version, _FACTS[mediated],
        amount_minor=what.amount_minor, currency=what.currency, automated=True,
    )  # fmt: skip


def _settle(case: Case, accepted: CaseMessage, actor: Actor, role: Role, at: datetime) -> Moved:
    terms = accepted.offer
    assert terms is not None
    what = Offer(Remedy(terms["remedy"]), terms["amount_minor"], terms["currency"])
    outcome = settlement(what, case.workflow.version, mediated=accepted.kind == MessageKind.PROPOSAL)
    facts = {"offer": accepted.id, "accepted_by": role.value}
    return take(case.id, "settle", Actor(actor.id, actor.role), Role.ENGINE, at=at, outcome=outcome, facts=facts)


def _fits(case: Case, what: Offer) -> None:
    """An offer is in the currency of the dispute, and no more than the order's line can give back."""
    what.check()
    if what.amount_minor is None:
        return
    if what.currency != case.currency:
        raise CaseMalformed("currency", _("of this dispute is %(currency)s") % {"currency": case.currency})
    if not 0 < what.amount_minor <= (case.amount_minor or 0):
        most = money_written(case.amount_minor or 0, case.currency, get_language() or "en")
        raise CaseMalformed(
            "amount_minor", _("is at most %(most)s, what is in dispute, and not nothing") % {"most": most}
        )
    if what.remedy is Remedy.PARTIAL_REFUND and what.amount_minor == case.amount_minor:
        raise CaseMalformed("amount_minor", _("of a partial refund is less than what is in dispute"))


def _locked(case_id: str) -> Case:
    found = Case.objects.select_related("workflow").select_for_update(of=("self",)).filter(id=case_id).first()
    if found is None:
        raise NoSuchDispute(case_id)
    return found


def _proposal(case_id: str) -> CaseMessage:
    return CaseMessage.objects.get(case_id=case_id, kind=MessageKind.PROPOSAL, offer_state=OfferState.OPEN)


def _is_proposal(case_id: str, message_id: str) -> bool:
    return CaseMessage.objects.filter(id=message_id, case_id=case_id, kind=MessageKind.PROPOSAL).exists()


def _of(case_id: str, message_id: str) -> str:
    """A message's id, if it is one of this case."""
    if not CaseMessage.objects.filter(id=message_id, case_id=case_id).exists():
        raise CaseMalformed("offer", _("is not one of this dispute"))
    return message_id


def state_of(case_id: str) -> str:
    """The state a dispute is in."""
    return _locked(case_id).state


def currency_of(case_id: str) -> str:
    """The currency of a dispute."""
    return _locked(case_id).currency


def amount_of(case_id: str) -> int:
    """What is in dispute, in minor units."""
    return _locked(case_id).amount_minor or 0
