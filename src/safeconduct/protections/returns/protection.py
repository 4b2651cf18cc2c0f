"""The face of returns and refunds: what it hears, its two kinds of case, its pages, what waits for a seller."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.cases.kinds import CaseKind
from safeconduct.kernel.cases.words import Remedy
from safeconduct.kernel.protection import Protection
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.ui.menu import ORDERS
from safeconduct.kernel.ui.parts import MenuEntry
from safeconduct.protections.returns import (
    actions,
    listening,
    money,
    portal_home,
    queries,
    reimbursing,
    restricting,
    steps,
)

#: How many refunds that law wants a sweep pays in one transaction.
_BATCH: Final = 200


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


RETURN = CaseKind(
    actions.KIND,
    _text("workflow.yaml"),
    effects={"pay": money.pay, "let_go": money.let_go, "claim_again": money.claim_again, "correct": money.correct},
    guards=steps.GUARDS,
    after=steps.after,
    url="/portal/returns/cases/{id}/",
    console_url="/console/returns/cases/{id}/",
    remedies=(Remedy.NOTHING, Remedy.PARTIAL_REFUND, Remedy.REFUND),
    says=queries.says,
    restricting=restricting.restricting,
    holding=restricting.holding,
    names=queries.names,
    hosted="returns:show",
)
REIMBURSEMENT = CaseKind(
    reimbursing.KIND,
    _text("workflow-reimbursement.yaml"),
    effects={"fund_reimburses": money.fund_reimburses, "correct": money.fund_reimburses},
    guards=steps.GUARDS,
    url="/portal/returns/cases/{id}/",
    console_url="/console/returns/cases/{id}/",
    remedies=(Remedy.NOTHING, Remedy.REIMBURSE),
    says=queries.says,
    names=queries.names,
)


@lru_cache(maxsize=1)
def shipped_policies() -> tuple[str, ...]:
    """The texts of the policies that are put in force where there are none."""
    return (_text("policies/return-abuse.yaml"),)


def sweep(now: datetime) -> int:
    """Pays what law wants paid by now; each batch is a transaction of its own."""
    total, after = 0, None
    while True:
        with engine_scope():
            done, after = actions.law_pays(now, _BATCH, after)
        total += done
        if after is None:
            return total


def console_menu() -> tuple[MenuEntry, ...]:
    """The staff's pages about returns."""
    return (MenuEntry(_("Returns"), reverse("console:returns:returns"), "undo", go="t", group=ORDERS),)


PROTECTION = Protection(
    "returns",
    _("Returns and refunds"),
    "undo",
    event_types=frozenset(listening.EVENTS),
    act=listening.act,
    cases_of=listening.orders_of,
    sweep=sweep,
    status=portal_home.status,
    portal_menu=portal_home.menu,
    portal_urls="safeconduct.protections.returns.portal_urls",
    console_menu=console_menu,
    console_urls="safeconduct.protections.returns.console_urls",
    api="safeconduct.protections.returns.api",
    public_urls="safeconduct.protections.returns.hosted_urls",
    case_kinds=(RETURN, REIMBURSEMENT),
)
