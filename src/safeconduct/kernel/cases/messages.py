"""What parties and staff say in a case: words, templates, offers, a mediator's proposal, staff's notes.

Words are sealed. Offers and proposals are hidden from the arbiter until an outcome stands, from the reviewer until the
case is closed, and from the blind reviewer for ever, with the notes: what somebody would have settled for says nothing
about who is right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext as _
from ruamel.yaml import YAML

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import buyer_telling, publishing
from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchCase
from safeconduct.kernel.cases.machine import locked, parties_of
from safeconduct.kernel.cases.models import Case, CaseMessage, Party
from safeconduct.kernel.cases.telling import url_of
from safeconduct.kernel.cases.words import OPEN_CASE, PARTIES, PLATFORM, MessageKind, OfferState, Remedy, Role, Status
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.resealing import Stored
from safeconduct.kernel.vault.sealing import Column, Place, seal, unseal_many

_FILE: Final = Path(__file__).resolve().parent / "templates.yaml"
#: What is said in a case; the row is the message's id.
MESSAGE: Final = Column("case_message.sealed", "case_message")
STORED: Final = Stored(
    MESSAGE,
    "SELECT id, id AS place, 'case/' || case_id, sealed FROM case_message WHERE id > %s AND get_byte(sealed, 0) = 1"
    " ORDER BY id LIMIT %s",
    "UPDATE case_message t SET sealed = w.sealed FROM unnest(%b::text[], %b::bytea[]) AS w(id, sealed)"
    " WHERE t.id = w.id",
)
_LONGEST: Final = 4_000
#: More than anybody reads; a case that needs more needs a person.
_MOST: Final = 500
_PLATFORM: Final[Sentence] = {"en": "the marketplace", "zh": "平台", "es": "el mercado"}
#: Who has written, in words.
WRITERS: Final[Mapping[Role, Sentence]] = {
    Role.BUYER: {"en": "the buyer", "zh": "买家", "es": "el comprador"},
    Role.RIGHTS_OWNER: {"en": "the rights owner", "zh": "权利人", "es": "el titular de derechos"},
    Role.MEDIATOR: {"en": "the mediator", "zh": "调解员", "es": "la persona mediadora"},
}
#: Templates that are one side's alone.
_SAID_BY: Final[Mapping[str, frozenset[Role]]] = {
    **dict.fromkeys(
        ("ask_photo", "ask_when_opened", "ask_serial", "replacement_offered", "shipped", "refund_offered"),
        frozenset({Role.SELLER}),
    ),
    "solved": frozenset({Role.BUYER}),
}
_OFFERED: Final = frozenset({Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN, Remedy.REPLACEMENT})


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody would settle for."""

    remedy: Remedy
    amount_minor: int | None = None
    currency: str = ""

    def check(self) -> None:
        """Raises CaseMalformed for what cannot be offered."""
        if self.remedy not in _OFFERED:
            raise CaseMalformed("remedy", _("can be one of %(names)s") % {"names": ", ".join(sorted(_OFFERED))})
        if (self.remedy is Remedy.REPLACEMENT) != (self.amount_minor is None) or (self.amount_minor or 0) < 0:
            raise CaseMalformed("amount_minor", _("an offer of money says how much"))
        if (self.amount_minor is None) != (not self.currency):
            raise CaseMalformed("currency", _("an amount has a currency"))


@dataclass(frozen=True, slots=True)
class Said:
    """A message as its reader sees it. ``words``: as they were written; of a template, in each language."""

    id: str
    kind: MessageKind
    role: Role
    actor: str
    at: datetime
    words: str
    by_language: Mapping[str, str]
    offer: Offer | None = None
    offer_state: str = ""
    readers: tuple[str, ...] = field(default=())

    def text(self, language: str) -> str:
        """All that was said, a template in the reader's language."""
        ready = spoken(self.by_language, language) if self.by_language else ""
        return "\n".join(filter(None, (ready, self.words)))


def choices(role: Role, language: str) -> list[tuple[str, str]]:
    """The templates that a party can choose on a page, in its language: those that need no values."""
    return [
        (code, spoken(text, language))
        for code, text in templates().items()
        if role in _SAID_BY.get(code, PARTIES) and not _named(text["en"])
    ]


def say(
    case_id: str, actor: Actor, role: Role, words: str = "", *, at: datetime, to: Sequence[Role] = (),
    template: str = "", values: Mapping[str, str] | None = None,
) -> CaseMessage:  # fmt: skip
    """Says something to everyone in the case, or to some; staff see it always. A template needs no common language.

    Raises NoSuchCase, CaseMalformed.
    """
    return _store(case_id, actor, role, MessageKind.WORDS, words, template, values or {}, None, to, at)


def note(case_id: str, actor: Actor, words: str, *, at: datetime) -> CaseMessage:
    """Writes something that staff alone read."""
    return _store(case_id, actor, Role.OPERATOR, MessageKind.NOTE, words, "", {}, None, [Role.OPERATOR], at)


def offer(
    case_id: str, actor: Actor, role: Role, what: Offer, words: str, *, at: datetime, to: Sequence[Role] = ()
) -> CaseMessage:
    """Makes an offer to the other side, or a proposal of the mediator to both. One that is open is withdrawn by a new
    one of the same role."""
    what.check()
    kind = MessageKind.PROPOSAL if role is Role.MEDIATOR else MessageKind.OFFER
    locked([case_id])
    CaseMessage.objects.filter(case_id=case_id, role=role.value, offer_state=OfferState.OPEN).update(
        offer_state=OfferState.WITHDRAWN
    )
    return _store(case_id, actor, role, kind, words, "", {}, what, to, at)


def answer(message_id: str, actor: Actor, role: Role, state: OfferState, *, at: datetime) -> CaseMessage:
    """Accepts or declines an offer of the other side. What an acceptance brings about is a step of the workflow, which
    the caller takes in the same scope. Raises CaseMalformed where there is no such open offer for this role."""
    found = CaseMessage.objects.select_for_update().filter(id=message_id, offer_state=OfferState.OPEN).first()
    own = found is not None and found.role == role
    if found is None or role not in found.readers or own != (state is OfferState.WITHDRAWN):
        raise CaseMalformed("offer", _("is not open for you any more; look at the case again"))
    if state is OfferState.OPEN:
        raise CaseMalformed("offer_state", "an answer accepts, declines or withdraws")
    found.offer_state, found.answered_by = state.value, actor.id
    found.save(update_fields=["offer_state", "answered_by"])
    return found


def read(case: Case, role: Role) -> list[Said]:
    """What a role may read of a case's messages, the oldest first. One query."""
    rows = CaseMessage.objects.filter(case_id=case.id).order_by("at", "id")
    if role is Role.ARBITER and case.outcome_id is None:
        rows = rows.exclude(kind__in=_hidden())
    if role is Role.REVIEWER and case.status != Status.CLOSED:
        rows = rows.exclude(kind__in=_hidden())
    if role is Role.BLIND_REVIEWER:
        rows = rows.exclude(kind__in=[*_hidden(), MessageKind.NOTE])
    if role in PARTIES:
        rows = rows.filter(readers__contains=[role.value])
    elif role is Role.MEDIATOR:
        rows = rows.exclude(kind=MessageKind.NOTE)
    # Whoever works on an open case reads what is kept for it, also where its erasure was asked for.
    with data_keys.reading_for("" if case.status == Status.CLOSED else OPEN_CASE):
        return _all_said(list(rows[:_MOST]))


def between(case_ids: Sequence[str], roles: Sequence[Role]) -> list[tuple[str, Said]]:
    """Words of several cases that all of these parties may read and one of them wrote, with their cases, the oldest
    first; of more than anybody reads, the newest. Offers and proposals are none of them. One query.
    """
    names = [role.value for role in roles]
    rows = CaseMessage.objects.filter(
        case_id__in=list(case_ids), kind=MessageKind.WORDS, role__in=names, readers__contains=names
    )
    found = list(reversed(rows.order_by("-at", "-id")[:_MOST]))
    return [(row.case_id, said) for row, said in zip(found, _all_said(found), strict=True)]


def _hidden() -> list[str]:
    return [MessageKind.OFFER.value, MessageKind.PROPOSAL.value]


def _all_said(rows: Sequence[CaseMessage]) -> list[Said]:
    opened = unseal_many(MESSAGE, [(Place(row.id, f"case/{row.case_id}"), bytes(row.sealed)) for row in rows])
    return [_said(row, plain) for row, plain in zip(rows, opened, strict=True)]


def _said(row: CaseMessage, opened: bytes | None) -> Said:
    plain: dict[str, Any] = {"words": gettext("This message was erased.")} if opened is None else json.loads(opened)
    text = {} if opened is None else templates().get(row.template, {})
    filled = {language: _fill(words, plain["values"]) for language, words in text.items()}
    offered = row.offer and Offer(Remedy(row.offer["remedy"]), row.offer["amount_minor"], row.offer["currency"])
    return Said(
        row.id, MessageKind(row.kind), Role(row.role), row.actor, row.at, plain["words"], filled, offered or None,
        row.offer_state, tuple(row.readers),
    )  # fmt: skip


def _store(
    case_id: str, actor: Actor, role: Role, kind: MessageKind, words: str, template: str, values: Mapping[str, str],
    what: Offer | None, to: Sequence[Role], at: datetime,
) -> CaseMessage:  # fmt: skip
    case = locked([case_id]).get(case_id)
    if case is None:
        raise NoSuchCase(case_id)
    words = words.strip()
    if template:
        _check_template(template, values)
    if not words and not template:
        raise CaseMalformed("words", _("say something, or choose a template"))
    if len(words) > _LONGEST:
        raise CaseMalformed("words", _("are longer than %(n)s characters") % {"n": _LONGEST})
    if CaseMessage.objects.filter(case_id=case_id).count() >= _MOST:
        raise CaseMalformed("case", _("has %(n)s messages; take the next step of the case instead") % {"n": _MOST})
    parties = set(Party.objects.filter(case_id=case_id).values_list("role", flat=True))
    readers = {one.value for one in to} or {*parties, role.value}
    strangers = sorted(readers - parties - set(PLATFORM))
    if strangers:
        raise CaseMalformed("to", f"{', '.join(strangers)} has no part in this case")
    readers.add(role.value)
    identity = new_id("cmg")
    plain: dict[str, Any] = {"words": words, "values": dict(values)}
    offered = None if what is None else {
        "remedy": what.remedy.value, "amount_minor": what.amount_minor, "currency": what.currency,
    }  # fmt: skip
    made = CaseMessage.objects.create(
        id=identity, case_id=case_id, seller_key=case["seller_key"] if Role.SELLER in readers else None, kind=kind,
        role=role.value, actor=actor.id, readers=sorted(readers), template=template,
        sealed=seal(MESSAGE, identity, f"case/{case_id}", json.dumps(plain, ensure_ascii=False).encode()),
        offer=offered, offer_state="" if what is None else OfferState.OPEN.value, at=at,
    )  # fmt: skip
    if kind is not MessageKind.NOTE and at > case["opened_at"]:  # of what opens a case its opening tells
        _tell(made, case, at)
    return made


def _tell(made: CaseMessage, case: Mapping[str, Any], at: datetime) -> None:
    """Tells who may read a message and has not written it that it is there; the words stay where they are."""
    title = publishing.by_id([case["workflow_id"]])[case["workflow_id"]].title
    others = set(made.readers) - {made.role}
    if Role.SELLER in others:
        values = {"case": made.case_id, "kind": dict(title), "who": dict(WRITERS.get(Role(made.role), _PLATFORM))}
        notify([
            Notice(made.id, "case.message", values, at, seller_key=case["seller_key"],
                   url=url_of(case["kind"], made.case_id))
        ])  # fmt: skip
    if Role.BUYER in others:
        buyer_telling.wrote(case, title, parties_of([made.case_id])[made.case_id], made.id, at)


def _check_template(code: str, values: Mapping[str, str]) -> None:
    found = templates().get(code)
    if found is None:
        raise CaseMalformed("template", f"there is no template {code}; there are {', '.join(sorted(templates()))}")
    named = _named(found["en"])
    if named != values.keys():
        raise CaseMalformed("values", f"the template {code} needs {', '.join(sorted(named)) or 'no values'}")
    if any(len(value) > 200 for value in values.values()):
        raise CaseMalformed("values", "are at most 200 characters each")


def _named(text: str) -> set[str]:
    return {part.split("}")[0] for part in text.split("{")[1:]}


def _fill(text: str, values: Mapping[str, str]) -> str:
    # In one pass, so that a value that looks like a name in braces is not taken for one.
    first, *rest = text.split("{")
    parts = [part.partition("}") for part in rest]
    return first + "".join(values.get(name, "") + tail for name, _, tail in parts)


@lru_cache(maxsize=1)
def templates() -> Mapping[str, Mapping[str, str]]:
    """All templates by code: their text by language, with values in braces."""
    found: dict[str, dict[str, str]] = YAML(typ="safe", pure=True).load(_FILE)
    return found
