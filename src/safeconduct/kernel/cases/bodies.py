"""The outside bodies that a marketplace names, and how one is named no more. Leads of the staff do both.

What was named stays as it was: another address or another term is another body, from that day on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.foundation.clocks.errors import ClockError
from safeconduct.foundation.clocks.terms import read_term
from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchBody
from safeconduct.kernel.cases.kinds import kinds
from safeconduct.kernel.cases.outside_models import OutsideBody
from safeconduct.kernel.cases.redress import MOST_BODIES, laws
from safeconduct.kernel.cases.words import BodyWay, Role
from safeconduct.kernel.cases.workflow import LANGUAGES
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.paging import Order, Slice, page
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import query

#: The kind of line that naming a body, and ending it, leaves in the record.
LINE: Final = "outside_body"
_LONGEST: Final = 400
_URL: Final = re.compile(r"https://[^\s/@]+\.[^\s/@]+(/\S*)?")


@dataclass(frozen=True, slots=True)
class Draft:
    """A body to be named, as `OutsideBody` describes its fields. ``pays`` is left empty where law says who pays,
    ``takes_from`` for those whom law gives the body, or else for sellers."""

    way: BodyWay
    name: str
    url: str
    source: str
    read_on: date
    pays: Mapping[str, str]
    certified_by: str = ""
    certified_until: date | None = None
    kinds: tuple[str, ...] = ()
    sellers: tuple[str, ...] = ()
    refer_within: str = ""
    decides_within: str = ""
    takes_from: tuple[Role, ...] = ()


def name(draft: Draft, person: User, *, at: datetime) -> OutsideBody:
    """Names a body from now on. The same way and name once more ends the body that was named so before.

    Raises CaseMalformed, which names the field.
    """
    _check(draft, at)
    law = next((one for one in laws()[draft.way] if one.pays), None)
    query("SELECT pg_advisory_xact_lock(%s)", [Lock.OUTSIDE_BODIES])
    before = OutsideBody.objects.filter(way=draft.way, name=draft.name, ended_at=None).first()
    if before is not None:
        end(before.id, person, at=at)
    elif OutsideBody.objects.filter(ended_at=None).count() >= MOST_BODIES:
        raise CaseMalformed("name", _("at most %(n)s bodies are named at a time") % {"n": MOST_BODIES})
    made = OutsideBody.objects.create(
        id=new_id("bod"), way=draft.way.value, name=draft.name.strip(), url=draft.url, certified_by=draft.certified_by,
        certified_until=draft.certified_until, kinds=sorted(set(draft.kinds)), sellers=sorted(set(draft.sellers)),
        refer_within=draft.refer_within, decides_within=draft.decides_within,
        pays=dict(law.pays if law is not None else draft.pays), source=draft.source, read_on=draft.read_on, since=at,
        named_by=person, takes_from=sorted(_takes_from(draft)),
    )  # fmt: skip
    says = {"step": "named", "way": made.way, "name": made.name, "url": made.url, "source": made.source}
    leaves.say(LINE, made.id, {**says, "by": person.id}, at)
    return made


def end(body_id: str, person: User, *, at: datetime) -> None:
    """Names a body no more; cases that are with it stay with it. Raises NoSuchBody."""
    if not OutsideBody.objects.filter(id=body_id, ended_at=None).update(ended_at=at, ended_by=person):
        raise NoSuchBody(body_id)
    leaves.say(LINE, body_id, {"step": "ended", "by": person.id}, at)


def named(*, ended: bool = False, after: str = "", before: str = "") -> Slice[OutsideBody]:
    """Bodies that are named now, or were; the newest first."""
    rows = OutsideBody.objects.filter(ended_at__isnull=not ended).select_related("named_by", "ended_by")
    return page(rows, Order("since", descending=True), after=after, before=before)


def _check(draft: Draft, at: datetime) -> None:
    for field in ("name", "url", "source", "certified_by"):
        if len(getattr(draft, field)) > _LONGEST:
            raise CaseMalformed(field, _("is longer than %(n)s characters") % {"n": _LONGEST})
    if not draft.name.strip() or not draft.source.strip():
        raise CaseMalformed("name" if not draft.name.strip() else "source", _("is missing"))
    if not _URL.fullmatch(draft.url):
        raise CaseMalformed("url", _("is the body's own address, beginning with https://"))
    if draft.read_on > at.date():
        raise CaseMalformed("read_on", _("is the day on which somebody read this, not one to come"))
    _check_certificate(draft, at)
    for field in ("refer_within", "decides_within"):
        _check_term(field, getattr(draft, field), draft.way)
    strangers = sorted(set(draft.kinds) - kinds().keys())
    if strangers:
        raise CaseMalformed("kinds", _("there is no kind of case %(names)s") % {"names": ", ".join(strangers)})
    if any(not re.fullmatch("[A-Z]{2}", country) for country in draft.sellers):
        raise CaseMalformed("sellers", _("are countries of two letters, such as ES, DE"))
    if not any(law.pays for law in laws()[draft.way]):
        missing = [language for language in LANGUAGES if not draft.pays.get(language, "").strip()]
        if missing:
            raise CaseMalformed(f"pays_{missing[0]}", _("say who bears the costs, in each language"))


def _takes_from(draft: Draft) -> set[str]:
    """Whose cases the body takes. Raises CaseMalformed where law gives it to nobody of them."""
    law = frozenset(role for one in laws()[draft.way] for role in one.by)
    wanted = frozenset(draft.takes_from) or (law & {Role.SELLER} or law)
    if wanted - law:
        raise CaseMalformed("takes_from", _("law does not give them this kind of body; choose another kind"))
    return {role.value for role in wanted}


def _check_certificate(draft: Draft, at: datetime) -> None:
    certified = draft.way is BodyWay.CERTIFIED
    if certified and not draft.certified_by.strip():
        raise CaseMalformed("certified_by", _("name the authority that certified it"))
    if certified and (draft.certified_until is None or draft.certified_until < at.date()):
        raise CaseMalformed("certified_until", _("say until when it is certified; one that is over counts for nothing"))
    if not certified and (draft.certified_by or draft.certified_until is not None):
        raise CaseMalformed("certified_by", _("only a certified body has a certificate"))


def _check_term(field: str, text: str, way: BodyWay) -> None:
    if not text:
        return
    if any(law.decides for law in laws()[way]) and field == "decides_within":
        raise CaseMalformed(field, _("law fixes this for certified bodies; leave it out"))
    try:
        read_term(text)
    except ClockError as problem:
        raise CaseMalformed(field, str(problem)) from None
