"""Where data goes: declared by a named person, with what makes it lawful; ended, never deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError
from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.scope import Actor, savepoint
from safeconduct.protections.data_security import history
from safeconduct.protections.data_security.desk_errors import DataSecurityError, NotThere, OutOfOrder
from safeconduct.protections.data_security.history import Done
from safeconduct.protections.data_security.incidents.words import CATEGORIES
from safeconduct.protections.data_security.places import is_place
from safeconduct.protections.data_security.transfers.models import TransferCounter, TransferDestination
from safeconduct.protections.data_security.transfers.thresholds import Mechanism, Window, rules
from safeconduct.protections.data_security.transfers.words import Role


@dataclass(frozen=True, slots=True)
class Lawful:
    """What makes a transfer lawful above thresholds, by its number, until a day."""

    mechanism: Mechanism
    reference: str
    good_until: date


@dataclass(frozen=True, slots=True)
class Used:
    """How far a level of a law is used this year."""

    rule: str
    law: str
    kind: str
    window: str
    people: int
    limit: int

    @property
    def share(self) -> float:
        """People over limit."""
        return self.people / self.limit if self.limit else float(self.people > 0)


def declare(
    name: str, country: str, role: Role, purpose: str, categories: tuple[str, ...], lawful: Lawful | None,
    actor: Actor, *, at: datetime,
) -> str:  # fmt: skip
    """Declares a destination; returns its id."""
    if len(country) != 2 or not is_place(country):
        raise DataSecurityError(_("%(place)s is no country; write two letters such as DE.") % {"place": country},
                                "country")  # fmt: skip
    if not name.strip() or not purpose.strip():
        raise DataSecurityError(_("Say who is given the data, and what for."), "name")
    if not categories or set(categories) - CATEGORIES.keys():
        raise DataSecurityError(_("Choose the kinds of data from the list, at least one."), "categories")
    if lawful is not None and (not lawful.reference.strip() or lawful.good_until < at.date()):
        raise DataSecurityError(_("Give the number of the contract or decision, and a day that is not over."),
                                "reference")  # fmt: skip
    made = TransferDestination(
        id=new_id("des"), name=name.strip(), country=country, role=role.value, purpose=purpose.strip(),
        categories=sorted(categories), mechanism=lawful.mechanism.value if lawful else "",
        reference=lawful.reference.strip() if lawful else "", good_until=lawful.good_until if lawful else None,
        made_at=at,
    )  # fmt: skip
    try:
        with savepoint():
            made.save(force_insert=True)
    except IntegrityError:
        raise DataSecurityError(_("This recipient is declared already; end that one first."), "name") from None
    facts = {"country": country, "categories": sorted(categories), "mechanism": made.mechanism}
    history.note([Done(made.id, "destination_declared", facts)], actor, at)
    return made.id


def end(destination_id: str, actor: Actor, *, at: datetime) -> None:
    """Nothing more goes there."""
    found = TransferDestination.objects.select_for_update().filter(id=destination_id).first()
    if found is None:
        raise NotThere
    if found.ended_at is not None:
        raise OutOfOrder(_("Nothing goes there any more."))
    found.ended_at = at
    found.save(update_fields=["ended_at"])
    history.note([Done(found.id, "destination_ended")], actor, at)


def destinations() -> list[TransferDestination]:
    """All destinations, those in use first."""
    return list(TransferDestination.objects.order_by("ended_at", "name")[:200])


def people_of(year: int) -> dict[str, int]:
    """Destination → how many people its data was about in a year. One query."""
    rows = TransferCounter.objects.filter(year=year, kind="any").values_list("scope", "people")
    return dict(rows)


def used(year: int) -> list[Used]:
    """How far each level of each law is used. One query."""
    counts = {
        (c.scope, c.year, c.kind): c.people
        for c in TransferCounter.objects.filter(year__in=[year - 1, year], scope__in=list(rules()))
    }
    found = []
    for rule in rules().values():
        years = [year] if rule.window is Window.YEAR else [year - 1, year]
        for level in rule.levels:
            people = sum(counts.get((rule.id, y, level.kind.value), 0) for y in years)
            found.append(Used(rule.id, rule.law, level.kind.value, rule.window.value, people, level.more_than))
    return found
