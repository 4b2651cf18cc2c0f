"""Disputes on the seller's home: what to answer by when, and what is at stake."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.protection import Figure, Status, ToDo
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.protections.disputes import queries
from safeconduct.protections.disputes.burden import ClaimType, burdens

_MOST_TO_DOS = 6


def menu() -> Sequence[MenuEntry]:
    """Disputes."""
    return (MenuEntry(_("Disputes"), reverse("portal:disputes:disputes"), "scale", go="c"),)


def status(seller_key: int) -> Status:
    """The line on the home of the seller in scope."""
    waiting, url = queries.waiting(seller_key, _MOST_TO_DOS), reverse("portal:disputes:disputes")
    stakes = queries.at_stake(seller_key)
    to_dos = tuple(_to_do(line) for line in waiting if line.status != "decided")
    figures = tuple(
        Figure(
            _("In dispute"), minor, currency, ngettext("%(n)s open dispute", "%(n)s open disputes", n) % {"n": n},
            "warn", f"{url}?open=1",
        )
        for currency, minor, n in stakes[:1]
    )  # fmt: skip
    return Status("attention" if to_dos else "good", _sentence(len(to_dos), stakes), url, to_dos, figures)


def _sentence(number: int, stakes: Sequence[tuple[str, int, int]]) -> str:
    if number:
        return ngettext(
            "%(n)s dispute waits for your answer", "%(n)s disputes wait for your answer", number
        ) % {"n": number if number < _MOST_TO_DOS else f"{number}+"}  # fmt: skip
    if stakes:
        return _("No dispute waits for you")
    return _("No open disputes")


def _to_do(line: queries.Line) -> ToDo:
    title = spoken(burdens()[ClaimType(line.type)].title, get_language() or "en")
    return ToDo(
        _("%(order)s: answer the dispute") % {"order": line.order_ref},
        reverse("portal:disputes:dispute", args=[line.case_id]), title, line.due_at, line.amount_minor, line.currency,
    )  # fmt: skip
