"""What stands around every page of the console. The menu is a registry: a new section is one entry here.

The protections bring entries of their own; under each heading they stand after the house's own work, before its books.
Nobody is shown an entry whose page would refuse them, nor a heading with nothing under it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from django.urls import resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from safeconduct.console.words import role_name
from safeconduct.kernel.cases.desk import how_many_wait as cases_waiting
from safeconduct.kernel.cases.second_person import how_many_wait
from safeconduct.kernel.claims.due import how_many_are_overdue as refunds_overdue
from safeconduct.kernel.decisions.queries import open_reviews
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.protection import protections
from safeconduct.kernel.staff_pages import role_of
from safeconduct.kernel.ui.menu import DATA, MONEY, ORDERS, RULES, SELLERS, SETTINGS
from safeconduct.kernel.ui.parts import Account, Hint, MenuEntry, Shell


@dataclass(frozen=True, slots=True)
class Section:
    """A place in the menu: its key, name, address, icon, the letter after G, its heading, who sees it, what is counted
    beside it."""

    key: str
    label: str | Promise
    url_name: str
    icon: str
    go: str
    group: str | Promise = ""
    role: StaffRole = StaffRole.ANALYST
    count: Callable[[], int] | None = None
    hints: tuple[Hint, ...] = ()


_DECIDING_HINTS = (
    Hint(("T",), _("Take")), Hint(("A",), _("Allow")), Hint(("B",), _("Block")), Hint(("C",), _("Challenge")),
    Hint(("V",), _("Send to review")),
)  # fmt: skip
_CASES_HINTS = (
    Hint(("T",), _("Assign")), Hint(("E",), _("Ask both for evidence")), Hint(("M",), _("Take as mediator")),
    Hint(("V",), _("Extend the deadline")),
)  # fmt: skip

SECTIONS: list[Section] = [
    Section("queue", _("Queue"), "console:queue", "inbox", "q", count=open_reviews, hints=_DECIDING_HINTS),
    Section("cases", _("Cases"), "console:cases", "scale", "n", count=cases_waiting, hints=_CASES_HINTS),
    Section("proposals", _("Second person"), "console:proposals", "people", "y", count=how_many_wait),
    Section("decisions", _("Decisions"), "console:decisions", "list", "d", ORDERS, hints=_DECIDING_HINTS),
    Section("sellers", _("Sellers"), "console:sellers", "shop", "s", SELLERS),
    Section("policies", _("Policies"), "console:policies", "rules", "p", RULES),
    Section("lists", _("Lists"), "console:lists", "filter", "l", RULES),
    Section("money", _("Fund and ledger"), "console:money", "coins", "m", MONEY, count=refunds_overdue),
]
BOOKS: list[Section] = [
    Section("outside", _("Outside bodies"), "console:outside", "out", "j", ORDERS),
    Section("fairness", _("Fairness"), "console:fairness", "scale", "f", SELLERS),
    Section("macros", _("Texts"), "console:macros", "book", "x", RULES),
    Section("record", _("Record"), "console:record", "seal", "r", DATA),
    Section("webhooks", _("Webhooks"), "console:webhooks", "webhook", "w", SETTINGS, role=StaffRole.ADMINISTRATOR),
    Section("keys", _("API keys"), "console:keys", "key", "k", SETTINGS, role=StaffRole.ADMINISTRATOR),
    Section("vault", _("Keys of the vault"), "console:vault", "lock", "v", SETTINGS, role=StaffRole.ADMINISTRATOR),
    Section("people", _("People"), "console:people", "people", "e", SETTINGS, role=StaffRole.ADMINISTRATOR),
]
HEADINGS: Final = (ORDERS, SELLERS, RULES, MONEY, DATA, SETTINGS)


def shell_of(user: User, current: str, path: str = "") -> Shell:
    """The shell for a member of staff, with one section current. Of several entries of a protection, the one whose
    address `path` begins with.
    """
    menu = [
        *_entries(SECTIONS, user, current),
        *(
            replace(entry, current=current == protection.name and path.startswith(entry.url))
            for protection in protections()
            if protection.console_menu is not None
            for entry in protection.console_menu()
            if user.may(_role_at(entry.url))
        ),
        *_entries(BOOKS, user, current),
    ]
    hints = next((s.hints for s in SECTIONS if s.key == current), ())
    account = Account(
        str(user), role_name(user.staff_role), reverse("account_logout"),
        ((_("Second step"), reverse("mfa_index"), "key"), (_("Password"), reverse("account_change_password"), "lock")),
    )  # fmt: skip
    return Shell(
        menu, reverse("console:queue"), account=account, search_url=reverse("console:decisions"), hints=hints,
        headings=HEADINGS, folds=True,
    )  # fmt: skip


@lru_cache(maxsize=256)
def _role_at(url: str) -> StaffRole:
    """The role that the page of an address needs, as its view says it."""
    return role_of(resolve(url).func)


def _entries(sections: list[Section], user: User, current: str) -> list[MenuEntry]:
    return [_entry(section, current) for section in sections if user.may(section.role)]


def _entry(section: Section, current: str) -> MenuEntry:
    count = section.count() if section.count else None
    return MenuEntry(
        section.label, reverse(section.url_name), section.icon, count, current=section.key == current, go=section.go,
        group=section.group,
    )  # fmt: skip
