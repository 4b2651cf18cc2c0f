"""The face of dispute resolution: the kind of case it brings, the events it hears, and what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.cases.kinds import CaseKind
from safeconduct.kernel.protection import Protection
from safeconduct.kernel.ui.menu import ORDERS
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.protections.disputes import automatic, guards, hearing, money, portal_home, queries, restricting
from safeconduct.protections.disputes.opening import KIND

DISPUTE: Final = CaseKind(
    KIND,
    (files(__package__) / "workflow.yaml").read_text(encoding="utf-8"),
    effects={"hold": money.hold, "release": money.release, "execute": money.execute, "correct": money.correct},
    guards={
        "amount_in_dispute": guards.amount_in_dispute,
        "within_law": guards.within_law,
        "proposal_made": guards.proposal_made,
    },
    after=guards.keep_up,
    url="/portal/disputes/{id}/",
    console_url="/console/disputes/{id}/",
    remedies=guards.DECIDED,
    says=queries.says,
    restricting=restricting.restricting,
    holding=restricting.holding,
    names=queries.names,
    hosted="disputes:show",
)


def act(rows: Sequence[Mapping[str, Any]], made: Sequence[object], at: datetime | None) -> None:
    """Opens what a shop's word opens, pays what an event makes due, stops clocks while a bank decides."""
    hearing.hear(rows, at)


def sweep(now: datetime) -> int:
    """Sends what may be sent under an authorisation, and ends refunds whose goods never came back."""
    return automatic.send_due(now) + hearing.returns_due(now)


def console_menu() -> tuple[MenuEntry, ...]:
    """The staff's queue of disputes."""
    return (MenuEntry(_("Disputes"), reverse("console:disputes:queue"), "scale", go="i", group=ORDERS),)


PROTECTION = Protection(
    "disputes",
    _("Dispute resolution"),
    "scale",
    event_types=frozenset(hearing.EVENTS),
    act=act,
    sweep=sweep,
    cases_of=hearing.orders_of,
    status=portal_home.status,
    portal_menu=portal_home.menu,
    portal_urls="safeconduct.protections.disputes.portal_urls",
    console_menu=console_menu,
    console_urls="safeconduct.protections.disputes.console_urls",
    public_urls="safeconduct.protections.disputes.hosted_urls",
    api="safeconduct.protections.disputes.api",
    case_kinds=(DISPUTE,),
)
