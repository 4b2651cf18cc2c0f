"""Words that several parts of this room share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from safeconduct.foundation.clocks.terms import Term, Unit
from safeconduct.kernel.ui.parts import Text
from safeconduct.protections.data_security.dated import Sure

#: Languages that texts for outside are written in, each by its own name.
LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "zh": "中文", "es": "Español"}
SURE: Final[Mapping[str, Text]] = {
    Sure.CHECKED: _("read in public sources; counsel confirms"),
    Sure.PAGE: _("read on a public page; counsel confirms"),
    Sure.MEMORY: _("general knowledge, not looked up; counsel confirms"),
    Sure.HOUSE: _("our proposal; no law says it"),
}


def django_language(language: str) -> str:
    """The code under which Django has the words of one of these: its Chinese is told apart by script."""
    return "zh-hans" if language.lower().startswith("zh") else language


def term_words(term: Term) -> str:
    """How long a term is, in the reader's words."""
    match term.unit:
        case Unit.HOURS:
            words = ngettext("%(n)s hour", "%(n)s hours", term.amount)
        case Unit.WORKING_HOURS:
            words = ngettext("%(n)s working hour", "%(n)s working hours", term.amount)
        case Unit.DAYS:
            words = ngettext("%(n)s day", "%(n)s days", term.amount)
        case Unit.WORKING_DAYS:
            words = ngettext("%(n)s working day", "%(n)s working days", term.amount)
        case Unit.MONTHS:
            words = ngettext("%(n)s month", "%(n)s months", term.amount)
        case _:
            assert_never(term.unit)
    return words % {"n": term.amount}
