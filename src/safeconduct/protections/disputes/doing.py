"""One verb of a party, as pages and API hand it over: the same for buyer and seller, with the same refusals.

Runs in an engine scope, after the caller has made sure who it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from django.utils.translation import gettext as _

from safeconduct.kernel.cases import deadlines, evidence, messages
from safeconduct.kernel.cases.errors import CaseMalformed
from safeconduct.kernel.cases.evidence import Piece
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.messages import Offer
from safeconduct.kernel.cases.words import Remedy, Role, Source
from safeconduct.kernel.scope import Actor
from safeconduct.protections.disputes import actions
from safeconduct.protections.disputes.errors import RequestMalformed
from safeconduct.protections.disputes.models import Dispute

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a party wants done. ``values``: by the names of the forms' fields; ``content``: the bytes of a file.
    ``seen_step``: the number of the step the page showed, so that nobody answers what has moved on."""

    dispute: Dispute
    role: Role
    actor: Actor
    values: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    seen_step: int | None = None
    currency: str = ""


def do(verb: str, asked: Asked, *, at: datetime) -> None:
    """Does it. Raises RequestMalformed for a verb that is none, and what actions and the kernel refuse."""
    try:
        done = _VERBS[verb]
    except KeyError:
        raise RequestMalformed(
            "verb", _("%(verb)s is none of %(names)s") % {"verb": verb, "names": ", ".join(sorted(_VERBS))}
        ) from None
    done(asked, at)


def offer_of(values: Mapping[str, str], currency: str) -> Offer:
    """The offer that a form's fields say. Raises RequestMalformed, which names the field."""
    remedy = _word(Remedy, "remedy", values.get("remedy", ""))
    if remedy is Remedy.REPLACEMENT:
        return Offer(remedy)
    amount = values.get("amount_minor", "")
    if not amount.isdecimal() or len(amount) > 15:
        raise RequestMalformed("amount_minor", _("is a whole number of minor units, such as 1250 for 12.50"))
    return Offer(remedy, int(amount), currency)


def _step(name: str) -> Callable[[Asked, datetime], None]:
    def take(asked: Asked, at: datetime) -> None:
        actor = Actor(asked.actor.id, asked.actor.role, asked.values.get("words", ""))
        actions.take(asked.dispute.case_id, name, actor, asked.role, at=at, seen_step=asked.seen_step)

    return take


def _offer(asked: Asked, at: datetime) -> None:
    words = asked.values.get("words", "").strip() or "–"
    what = offer_of(asked.values, asked.currency)
    actions.offer(asked.dispute.case_id, asked.actor, asked.role, what, words, at=at, seen_step=asked.seen_step)


def _answer_offer(answer: Callable[..., object]) -> Callable[[Asked, datetime], None]:
    def given(asked: Asked, at: datetime) -> None:
        answer(asked.dispute.case_id, asked.values.get("offer", ""), asked.actor, asked.role, at=at)

    return given


def _agree(asked: Asked, at: datetime) -> None:
    actions.agree(asked.dispute.case_id, asked.actor, asked.role, at=at)


def _reject(asked: Asked, at: datetime) -> None:
    actions.reject(asked.dispute.case_id, asked.actor, asked.role, at=at)


def _say(asked: Asked, at: datetime) -> None:
    template = asked.values.get("template", "")
    messages.say(
        asked.dispute.case_id, asked.actor, asked.role, asked.values.get("words", ""), at=at, template=template
    )


def _evidence(asked: Asked, at: datetime) -> None:
    if not asked.content:
        raise RequestMalformed("file", _("is missing; choose a picture, a PDF, a film or a text"))
    gist = asked.values.get("gist", "").strip()
    if not gist:
        raise CaseMalformed("gist", _("say in one sentence what it shows"))
    source = Source.SELLER if asked.role is Role.SELLER else Source.BUYER
    kind = _word(EvidenceKind, "kind", asked.values.get("kind", "other"))
    piece = Piece(
        kind, source, asked.content, asked.dispute.seller_key, at, {"en": gist[:300]}, asked.role,
        case_id=asked.dispute.case_id,
    )  # fmt: skip
    evidence.collect([piece], asked.actor, at=at)


def _extend(asked: Asked, at: datetime) -> None:
    actor = Actor(asked.actor.id, asked.actor.role, asked.values.get("words", ""))
    deadlines.extend(asked.dispute.case_id, actor, asked.role, at=at)


def _word(words: type[E], name: str, value: str) -> E:
    try:
        return words(value)
    except ValueError:
        raise RequestMalformed(
            name, _("%(value)r is none of %(names)s") % {"value": value, "names": ", ".join(words)}
        ) from None


_VERBS: Final[Mapping[str, Callable[[Asked, datetime], None]]] = {
    "answer": _step("contest"),
    "escalate": _step("escalate"),
    "done": _step("done"),
    "appeal": _step("appeal"),
    "withdraw": _step("withdraw"),
    "offer": _offer,
    "accept": _answer_offer(actions.accept),
    "decline": _answer_offer(actions.decline),
    "take_back": _answer_offer(actions.take_back),
    "agree": _agree,
    "reject": _reject,
    "say": _say,
    "evidence": _evidence,
    "extend": _extend,
}
