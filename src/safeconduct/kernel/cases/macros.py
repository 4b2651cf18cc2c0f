"""Texts that are ready to be adapted: kept by leads in three languages, in versions, chosen on the page of a case.

A text is put into a form and sent by a person, never by itself. What was said stands in the case word for word; a
version that was in force once stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchMacro
from safeconduct.kernel.cases.models import CaseMacro
from safeconduct.kernel.cases.words import MacroPurpose
from safeconduct.kernel.decisions.errors import RoleNeeded
from safeconduct.kernel.paging import Order, Slice, page
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import query

#: What a text can name in braces: the shop's number of the order, what the case is about, the day of its deadline.
VALUES: Final = ("order", "amount", "date")
LANGUAGES: Final = ("en", "zh", "es")
#: Shorter than a message may be, so that there is room to adapt it.
_LONGEST: Final = 3_000
_LONGEST_NAME: Final = 120
#: More than anybody chooses from; the page of a case stays small.
MOST_OFFERED: Final = 100
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,59}")
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_GAP: Final = re.compile(r"\{(?:" + "|".join(VALUES) + r")\}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A version as it is written. ``kind``: the kind of case it is for, "" for all."""

    code: str
    purpose: MacroPurpose
    name: str
    texts: Mapping[str, str]
    kind: str = ""


def write(draft: Draft, person: User, *, at: datetime) -> CaseMacro:
    """Puts a text in force, in place of the version before it. The same words once more are the same version.

    Raises RoleNeeded for who is no lead, CaseMalformed with the field and the way out.
    """
    _lead(person)
    texts = _checked(draft)
    # Two leads who write the same text at once: the second waits, and makes the next version.
    query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"case_macro/{draft.code}"])
    last = CaseMacro.objects.filter(code=draft.code).order_by("-version").first()
    if last is not None and last.purpose != draft.purpose:
        raise CaseMalformed("code", _("is taken by a text for something else; choose another"))
    if last is not None and last.ended_at is None:
        if (last.name, last.kind, last.texts) == (draft.name.strip(), draft.kind, texts):
            return last
        _end(last, person, at)
    return CaseMacro.objects.create(
        id=new_id("cmc"), code=draft.code, version=1 if last is None else last.version + 1,
        purpose=draft.purpose.value, kind=draft.kind, name=draft.name.strip(), texts=texts, since=at,
        written_by=person,
    )  # fmt: skip


def retire(macro_id: str, person: User, *, at: datetime) -> CaseMacro:
    """Offers a text no more. Retired once more it stays as it is. Raises RoleNeeded, NoSuchMacro."""
    _lead(person)
    found = CaseMacro.objects.select_for_update().filter(id=macro_id).first()
    if found is None:
        raise NoSuchMacro(macro_id)
    if found.ended_at is None:
        _end(found, person, at)
    return found


def in_force(kind: str) -> Mapping[MacroPurpose, list[CaseMacro]]:
    """What is offered in a kind of case, for each purpose by name. One query."""
    found: dict[MacroPurpose, list[CaseMacro]] = {purpose: [] for purpose in MacroPurpose}
    rows = CaseMacro.objects.filter(kind__in=["", kind], ended_at=None).order_by("purpose", "name", "id")
    for one in rows[:MOST_OFFERED]:
        found[MacroPurpose(one.purpose)].append(one)
    return found


def versions(*, ended: bool = False, after: str = "", before: str = "") -> Slice[CaseMacro]:
    """Versions in force, or those that were once, the newest first."""
    rows = CaseMacro.objects.filter(ended_at__isnull=not ended).select_related("written_by", "ended_by")
    return page(rows, Order("since", descending=True), after=after, before=before)


def latest(code: str) -> CaseMacro | None:
    """The newest version of a text, in force or not."""
    return CaseMacro.objects.filter(code=code).order_by("-version").first()


def filled(text: str, values: Mapping[str, str]) -> tuple[str, list[str]]:
    """A text with its values, and the names of those that are not known, which stay in braces for a person to write."""
    gaps = [name for name in VALUES if "{" + name + "}" in text and not values.get(name)]
    # In one pass, so that a value that looks like a name in braces is not taken for one.
    return _BRACES.sub(lambda found: values.get(found[1]) or found[0], text), gaps


def refuse_gaps(field: str, words: str) -> None:
    """Raises CaseMalformed where words still name a value in braces instead of saying it."""
    if found := _GAP.search(words):
        raise CaseMalformed(field, _("still say %(gap)s; write what stands for it, then send") % {"gap": found[0]})


def named_in(text: str) -> set[str]:
    """The names in braces in a text."""
    return set(_BRACES.findall(text))


def _checked(draft: Draft) -> dict[str, str]:
    if not _CODE.fullmatch(draft.code):
        raise CaseMalformed("code", _("is 2 to 60 of a to z, 0 to 9 and hyphens, such as ask-photo"))
    if not 1 <= len(draft.name.strip()) <= _LONGEST_NAME:
        raise CaseMalformed("name", _("has 1 to %(n)s characters") % {"n": _LONGEST_NAME})
    texts = {language: draft.texts.get(language, "").strip() for language in LANGUAGES}
    for language, text in texts.items():
        if not text:
            raise CaseMalformed(language, _("is missing; a text is kept in all three languages"))
        if len(text) > _LONGEST:
            raise CaseMalformed(language, _("is longer than %(n)s characters") % {"n": _LONGEST})
        _check_braces(language, text)
    names = named_in(texts[LANGUAGES[0]])
    for language in LANGUAGES[1:]:
        if named_in(texts[language]) != names:
            raise CaseMalformed(
                language, _("names other values than the English text: %(names)s")
                % {"names": ", ".join(sorted(named_in(texts[language]) ^ names))},
            )  # fmt: skip
    return texts


def _check_braces(language: str, text: str) -> None:
    strangers = sorted(named_in(text) - set(VALUES))
    if strangers:
        raise CaseMalformed(
            language, _("names {%(name)s}; there are %(known)s")
            % {"name": strangers[0], "known": ", ".join("{" + name + "}" for name in VALUES)},
        )  # fmt: skip
    if "{" in (rest := _BRACES.sub("", text)) or "}" in rest:
        raise CaseMalformed(language, _("has a brace without its other half"))


def _end(found: CaseMacro, person: User, at: datetime) -> None:
    found.ended_at, found.ended_by = max(at, found.since), person
    found.save(update_fields=["ended_at", "ended_by"])


def _lead(person: User) -> None:
    if not person.may(StaffRole.LEAD):
        raise RoleNeeded(StaffRole.LEAD)


def language_of(code: str) -> str:
    """The language of the texts for somebody who reads this one; English where there is none."""
    short = code.split("-")[0]
    return short if short in LANGUAGES else LANGUAGES[0]
