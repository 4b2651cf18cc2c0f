"""Returns on the seller's home: how many are open, which wait for the seller and until when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.kernel.cases.models import Deadline
from safeconduct.kernel.cases.words import ClockState
from safeconduct.kernel.protection import Status, ToDo
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.protections.returns import queries

_MOST_TO_DOS: Final = 6


def menu() -> list[MenuEntry]:
    """Returns."""
    return [MenuEntry(_("Returns"), reverse("portal:returns:returns"), "undo", go="t")]


def status(seller_key: int) -> Status:
    """The line on the home of the seller in scope."""
    waiting = queries.waiting(seller_key, _MOST_TO_DOS)
    url = reverse("portal:returns:returns")
    clocks = {
        clock.case_id: clock.due_at
        for clock in Deadline.objects.filter(
            case_id__in=[one.case_id for one in waiting], state=ClockState.RUNNING
        )
    }  # fmt: skip
    to_dos = tuple(
        ToDo(
            _("%(order)s: a return waits for you") % {"order": one.order_ref},
            reverse("portal:returns:return", args=[one.id]), "", clocks.get(one.case_id), one.amount_minor,
            one.currency,
        )
        for one in waiting
    )  # fmt: skip
    level = "attention" if to_dos else "good"
    return Status(level, _sentence(seller_key, to_dos), f"{url}?todo=1" if to_dos else url, to_dos)


def _sentence(seller_key: int, to_dos: Sequence[ToDo]) -> str:
    if to_dos:
        n = len(to_dos)
        shown = n if n < _MOST_TO_DOS else f"{n}+"
        return ngettext("%(n)s return waits for you", "%(n)s returns wait for you", n) % {"n": shown}
    n = queries.open_count(seller_key)
    if not n:
        return _("No open returns")
    shown = n if n < queries.MOST_COUNTED else f"{n - 1}+"
    return ngettext("%(n)s open return, none waits for you", "%(n)s open returns, none waits for you", n) % {"n": shown}
