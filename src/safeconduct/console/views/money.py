"""Fund and ledger: the platform's accounts, the fund's movements, open holds, payouts, who owes, and whether all fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final, Protocol, TypeVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from safeconduct.console.access import StaffRequest, page, staff_page
from safeconduct.console.case import Names
from safeconduct.console.money_words import ACCOUNTS, hold_reason, ledger_event
from safeconduct.console.words import policy_language
from safeconduct.kernel.claims import checking as claims
from safeconduct.kernel.claims import due
from safeconduct.kernel.decisions import queries as decisions
from safeconduct.kernel.decisions.errors import NotFound
from safeconduct.kernel.ledger import checking, platform, queries
from safeconduct.kernel.ledger.accounts import PLATFORM_KINDS
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.staff_pages import lasting_scope
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import Page

#: Payout runs of so many days are listed.
RUN_DAYS: Final = 90
#: More postings than this are checked by the command: the page would keep a database connection for minutes.
CHECKED_HERE: Final = 1_000_000
#: What banks took without a payment, as the page lists it; each is a matter of its own.
UNEXPLAINED_HERE: Final = 50
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_CSV_PAGE: Final = 1000


class _OfASeller(Protocol):
    @property
    def seller_key(self) -> int | None: ...


L = TypeVar("L", bound=_OfASeller)


@require_GET
@staff_page()
def money(request: StaffRequest) -> HttpResponse:
    """Everything at a glance; each list goes on on a page of its own."""
    totals = queries.totals_by_currency()
    owes, unexplained = platform.owing(size=10), platform.unexplained(most=UNEXPLAINED_HERE)
    sellers = _sellers([*(o.seller_key for o in owes.items), *(one.seller_key for one in unexplained)])
    names = Names(one.order_key for one in unexplained)
    context = {
        "totals": [
            {"totals": t, "accounts": [(ACCOUNTS[k], t.platform.get(k, 0)) for k in PLATFORM_KINDS if t.platform.get(k)]}
            for t in totals.values()
        ],
        "held": [{"line": line, "says": hold_reason(line.reason)} for line in platform.held_for()],
        "runs": platform.payout_runs(timezone.now() - timedelta(days=RUN_DAYS), most=12), "run_days": RUN_DAYS,
        "owing": [{"line": o, "seller": sellers.get(o.seller_key)} for o in owes.items],
        "unexplained": [
            {"line": one, "order": names.of(one.order_key), "seller": sellers.get(one.seller_key or 0)}
            for one in unexplained
        ],
        "late": due.overdue(timezone.now()),
        "write_off": "safeconduct ledger book suspense_written_off",
    }  # fmt: skip
    return page(request, "console/money.html", "money", context)


@require_POST
@staff_page()
def check(request: StaffRequest) -> HttpResponse:
    """Asks the rows themselves whether every invariant of the ledger holds, and whether holds fit what is open."""
    postings = platform.postings()
    now = timezone.now()
    answers = [*checking.check(), *claims.asked(now)] if postings <= CHECKED_HERE else []
    context = {"answers": answers, "postings": postings, "good": all(a.ok for a in answers), "at": now}
    return page(request, "console/ledger_check.html", "money", context)


@require_GET
@staff_page()
def fund(request: StaffRequest, currency: str) -> HttpResponseBase:
    """What moved on the protection fund's account in a currency."""
    if not _CURRENCY.fullmatch(currency):
        raise NotFound("currency", currency)
    if request.GET.get("format") == "csv":
        return _csv(
            request, f"fund-{currency}",
            ("transaction", "at", "event", "amount_minor", "currency", "seller", "provisional", "memo"),
            lambda after: platform.fund_movements(currency, after=after, size=_CSV_PAGE),
            lambda m, ref: (
                m.transaction_id, m.at.isoformat(), m.event, m.amount_minor, m.currency, ref, m.provisional, m.memo
            ),
        )  # fmt: skip
    found = platform.fund_movements(currency, after=request.GET.get("after", ""))
    names = Names(line.order_key for line in found.items)
    sellers = _sellers(m.seller_key for m in found.items)
    totals = queries.totals_by_currency().get(currency)
    context = {
        "currency": currency, "balance_minor": totals.fund_minor if totals else 0,
        "rows": [
            {"line": m, "says": ledger_event(m.event, m.says), "order": names.of(m.order_key),
             "seller": sellers.get(m.seller_key or 0)}
            for m in found.items
        ],
        "page": Page(found.next, shown=len(found.items)),
    }  # fmt: skip
    return page(request, "console/fund.html", "money", context)


@require_GET
@staff_page()
def holds(request: StaffRequest) -> HttpResponseBase:
    """Open holds, the oldest first, with what would release them."""
    reason = request.GET.get("reason", "")[:60]
    if request.GET.get("format") == "csv":
        return _csv(
            request, "holds",
            ("hold", "seller", "reason", "held_minor", "asked_minor", "currency", "at", "release_at", "released_by"),
            lambda after: platform.open_holds(reason=reason, after=after, size=_CSV_PAGE),
            lambda h, ref: (
                h.line.id, ref, h.line.reason, h.line.held_minor, h.line.asked_minor, h.line.currency,
                h.line.at.isoformat(), h.line.release_at.isoformat() if h.line.release_at else "", h.line.released_by,
            ),
        )  # fmt: skip
    found = platform.open_holds(reason=reason, after=request.GET.get("after", ""))
    names = Names(h.line.order_key for h in found.items)
    sellers, language = _sellers(h.seller_key for h in found.items), policy_language()
    context = {
        "rows": [
            {"hold": h.line, "seller": sellers.get(h.seller_key), "order": names.of(h.line.order_key), "says": h.line.says(language),
             "release": h.line.release_says(language)}
            for h in found.items
        ],
        "why": hold_reason(reason) if reason else "", "page": Page(found.next, shown=len(found.items)),
    }  # fmt: skip
    return page(request, "console/holds.html", "money", context)


@require_GET
@staff_page()
def payouts(request: StaffRequest) -> HttpResponseBase:
    """Payouts, newest first."""
    if request.GET.get("format") == "csv":
        return _csv(
            request, "payouts",
            ("payout", "run", "seller", "amount_minor", "made_good_minor", "currency", "at", "returned_at",
             "returned_why"),
            lambda after: platform.payouts(after=after, size=_CSV_PAGE),
            lambda p, ref: (
                p.id, p.run_key, ref, p.amount_minor, p.made_good_minor, p.currency, p.at.isoformat(),
                p.returned_at.isoformat() if p.returned_at else "", p.returned_why,
            ),
        )  # fmt: skip
    found = platform.payouts(after=request.GET.get("after", ""))
    sellers = _sellers(p.seller_key for p in found.items)
    context = {
        "rows": [{"line": p, "seller": sellers.get(p.seller_key)} for p in found.items],
        "page": Page(found.next, shown=len(found.items)),
    }  # fmt: skip
    return page(request, "console/payouts.html", "money", context)


@require_GET
@staff_page()
def owing(request: StaffRequest) -> HttpResponseBase:
    """Sellers whose balance is negative, the largest debt first."""
    if request.GET.get("format") == "csv":
        return _csv(
            request, "owing", ("seller", "owed_minor", "currency"),
            lambda after: platform.owing(after=after, size=_CSV_PAGE),
            lambda o, ref: (ref, o.owed_minor, o.currency),
        )  # fmt: skip
    found = platform.owing(after=request.GET.get("after", ""))
    sellers = _sellers(line.seller_key for line in found.items)
    context = {
        "rows": [{"line": o, "seller": sellers.get(o.seller_key)} for o in found.items],
        "page": Page(found.next, shown=len(found.items)),
    }  # fmt: skip
    return page(request, "console/owing.html", "money", context)


def _csv(
    request: StaffRequest, name: str, head: Sequence[str], read: Callable[[str], queries.Page[L]],
    row: Callable[[L, str], Row],
) -> HttpResponseBase:  # fmt: skip
    """A list as a stream, read page by page. ``row``: what stands in a line, with the shop's id of its seller."""

    def rows(after: str) -> tuple[list[Row], str]:
        found = read(after)
        sellers = _sellers(one.seller_key for one in found.items)
        refs = {key: seller.ref for key, seller in sellers.items()}
        return [row(one, refs.get(one.seller_key or 0, "")) for one in found.items], found.next

    return stream(name, head, rows, lasting_scope(request))


def _sellers(keys: Iterable[int | None]) -> dict[int, Seller]:
    return decisions.sellers_by_key(keys)
