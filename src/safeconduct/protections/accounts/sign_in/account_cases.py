"""Account cases, for the staff: what somebody said was not them, what it froze, and what a person found.

A finding gives nothing back. What is frozen is given back where it lies, by two people (`payout_accounts.thaw`,
`end_stop`); a key is made anew by its owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.kernel import paging
from safeconduct.kernel.parties.models import AccountCase, Seller
from safeconduct.kernel.parties.security_events import Happened, Level, note_for_person
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import Actor
from safeconduct.protections.accounts.sign_in.words import FINDINGS

_ORDER: Final = paging.Order("opened_at", descending=True)


class CaseRefused(Refusal):
    """A finding that cannot be kept; the text says what to do instead."""

    code = "account_case_refused"


def listed(*, is_open: bool, after: str = "", before: str = "") -> paging.Slice[AccountCase]:
    """Cases, the newest first, each with its `person` and `event`. One query."""
    rows = AccountCase.objects.filter(decided_at__isnull=is_open).select_related("person", "event")
    return paging.page(rows, _ORDER, after=after, before=before)


def one(case_id: str) -> AccountCase | None:
    """A case with its `person`, `event` and `decided_by`."""
    return AccountCase.objects.filter(id=case_id).select_related("person", "event", "decided_by").first()


def sellers_of(case: AccountCase) -> list[Seller]:
    """The sellers whose money or keys it touched. One query."""
    return list(Seller.objects.filter(key__in=[int(key) for key in case.frozen.get("sellers", [])]).order_by("id"))


def decide(case_id: str, form: Mapping[str, str], staff: Actor, at: datetime) -> None:
    """A person says what it was, with reasons, once. Raises CaseRefused."""
    finding, why = form.get("finding", ""), form.get("why", "").strip()
    if finding not in FINDINGS:
        raise CaseRefused(_("Choose what you found."))
    if not 10 <= len(why) <= 4000:
        raise CaseRefused(_("Say why, in 10 to 4000 letters: whoever is asked about it later reads it."))
    case = AccountCase.objects.filter(id=case_id).select_related("person").first()
    if case is None:
        raise CaseRefused(_("There is no such case. Go back to the list."))
    if case.person_id == staff.id:
        raise CaseRefused(_("Nobody rules on their own account. Ask a colleague."))
    done = AccountCase.objects.filter(id=case_id, decided_at__isnull=True).update(
        finding=finding, why=why, decided_by_id=staff.id, decided_at=at
    )
    if not done:
        raise CaseRefused(_("A colleague has decided this already. Load the page again to see how."))
    facts = {"case": case_id, "finding": finding}
    note_for_person(Happened("account_case_decided", Level.NOTICE, case.person_id, None, facts), staff, at)
