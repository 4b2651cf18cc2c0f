"""The seller's money: what is available, what is held and why, what moved, what was paid out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final

from babel.dates import format_skeleton
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from safeconduct.kernel.claims.queries import recoveries
from safeconduct.kernel.claims.words import Defence
from safeconduct.kernel.events.orders import order_names
from safeconduct.kernel.ledger import queries
from safeconduct.kernel.ledger.accounts import SELLER_KINDS, Kind
from safeconduct.kernel.ledger.queries import Balance, Filters, Movement, Statement
from safeconduct.kernel.ledger.statements import statement_csv, statement_pdf, used_accounts
from safeconduct.kernel.ledger.wording import account_said, event_said, memo_said
from safeconduct.kernel.member_pages import MemberRequest, lasting_scope, page
from safeconduct.kernel.protection import order_url
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.formats import absolute, locale_of
from safeconduct.kernel.ui.formats import money as written
from safeconduct.kernel.ui.parts import Choice, Filter, Page
from safeconduct.kernel.ui.reader import Reader, reader_of

CSV_HEAD: Final = ("at", "event", "account", "order", "amount_minor", "currency", "transaction", "provisional", "memo")
#: What buyers got twice, as a page shows it: the oldest first, and so many; a shop has a handful.
_RECOVERIES: Final = 50
#: Why it is claimed back, for the seller.
_DEFENCES: Final = {
    Defence.CREDIT_ALREADY_ISSUED: lazy(
        "The buyer had your refund, and the bank took the same money again. It is claimed back from the bank with the"
        " proof of the refund."
    ),
    Defence.MORE_THAN_CAPTURED: lazy(
        "Banks together took more than the buyer ever paid. What is too much is claimed back from them."
    ),
}
#: For how many months statements are offered here; older ones stand in the movements.
MONTHS: Final = 24
#: Movements that a statement's page shows; its files have all.
STATEMENT_LINES: Final = 100


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure, written."""

    label: str
    value: str
    note: str = ""
    tone: str = ""
    url: str = ""


@require_GET
def money(request: MemberRequest) -> HttpResponseBase:
    """Everything about money on one page; movements as CSV."""
    key, chosen = request.seller.key, request.GET.get("account", "")
    account = Kind(chosen) if chosen in SELLER_KINDS else None
    if request.GET.get("format") == "csv":
        return _csv(request, account)
    found = queries.balances(key)
    holds = queries.holds(key, after=request.GET.get("holds", ""), size=20)
    moved = queries.movements(key, filters=Filters(account=account), after=request.GET.get("after", ""), size=25)
    twice = list(recoveries()[:_RECOVERIES])
    keys = {hold.order_key for hold in holds.items} | {line.order_key for line in moved.items}
    keys |= {one.part.line.order_key for one in twice}
    names = order_names({key for key in keys if key is not None})
    language = get_language() or "en"
    accounts = [Choice(kind.value, account_said(kind)) for kind in SELLER_KINDS]
    context = {
        "groups": [_tiles(request, balance) for balance in _by_weight(found.values())],
        "holds": [
            {
                "hold": hold, "why": hold.says(language), "cure": hold.release_says(language),
                "order": names.get(hold.order_key or 0, ""), "url": order_url(hold.order_key),
            }
            for hold in holds.items
        ],
        "twice": [
            {
                "one": one, "currency": one.part.line.currency, "why": _DEFENCES[Defence(one.defence)],
                "order": names.get(one.part.line.order_key, ""), "url": order_url(one.part.line.order_key),
            }
            for one in twice
        ],
        "holds_next": holds.next, "payouts": queries.payouts(key, size=10).items,
        "movements": [
            {
                "line": line, "what": event_said(line.event, line.amount_minor),
                "account": account_said(line.account),
                "order": names.get(line.order_key or 0, ""), "url": order_url(line.order_key),
            }
            for line in moved.items
        ],
        "page": Page(moved.next, "", len(moved.items)), "filtered": account is not None,
        "filters": [Filter("account", _("Account"), accounts, chosen)],
        "funds_held_by": settings.FUNDS_HELD_BY, "fund_legal_form": settings.FUND_LEGAL_FORM,
    }  # fmt: skip
    return page(request, "portal/money.html", context)


@require_GET
def statement(request: MemberRequest) -> HttpResponseBase:
    """Statements by month and currency, each as a page and as a file: what there was, every movement, what there is."""
    found = _by_weight(queries.balances(request.seller.key).values())
    months = list(islice(_months_back(timezone.localtime().date()), MONTHS))
    if request.GET.keys() & {"month", "format"}:
        return _statement(request, {b.currency for b in found}, months)
    first = queries.first_moved(request.seller.key)
    since = timezone.localdate(first).replace(day=1) if first is not None else months[0]
    context = {
        "currencies": [balance.currency for balance in found],
        "months": [(f"{month:%Y-%m}", _month_name(month)) for month in months if month >= since],
    }  # fmt: skip
    return page(request, "portal/statements.html", context)


def _months_back(day: date) -> Iterator[date]:
    """The first days of this month and of those before."""
    first = day.replace(day=1)
    while True:
        yield first
        first = (first - timedelta(days=1)).replace(day=1)


def _month_name(month: date) -> str:
    return str(format_skeleton("yMMMM", month, locale=locale_of(get_language() or "en")))


def _statement(request: MemberRequest, currencies: set[str], months: list[date]) -> HttpResponseBase:
    currency, wanted = request.GET.get("currency", ""), request.GET.get("month", "")
    month = next((m for m in months if f"{m:%Y-%m}" == wanted), None)
    if month is None or currency not in currencies:
        raise Http404
    zone = timezone.get_current_timezone()
    start = datetime.combine(month, time(), zone)
    end = datetime.combine((month + timedelta(days=32)).replace(day=1), time(), zone)
    wanted_format = request.GET.get("format", "")
    if wanted_format not in ("csv", "pdf"):
        told = queries.statement(request.seller.key, currency, start, end, most=STATEMENT_LINES)
        return _statement_page(request, told, month)
    told = queries.statement(request.seller.key, currency, start, end)
    orders = order_names({line.order_key for line in told.lines if line.order_key is not None})
    language = get_language() or "en"
    if wanted_format == "pdf":
        file = statement_pdf(told, language, zone, seller=str(request.seller), orders=orders)
        return _file(file, f"statement-{wanted}-{currency}.pdf", "application/pdf")
    file = statement_csv(told, language, zone, orders=orders)
    return _file(file, f"statement-{wanted}-{currency}.csv", "text/csv; charset=utf-8")


def _statement_page(request: MemberRequest, told: Statement, month: date) -> HttpResponse:
    orders = order_names({line.order_key for line in told.lines if line.order_key is not None})
    language = get_language() or "en"
    context = {
        "month": f"{month:%Y-%m}", "name": _month_name(month), "currency": told.currency,
        "balances": [(account_said(kind), told.opening[kind], told.closing[kind]) for kind in used_accounts(told)],
        "lines": [
            {
                "line": line, "what": event_said(line.event, line.amount_minor),
                "account": account_said(line.account), "memo": memo_said(line.event, line.memo, language),
                "order": orders.get(line.order_key or 0, ""), "url": order_url(line.order_key),
            }
            for line in told.lines
        ],
        "complete": told.complete, "shown": len(told.lines),
    }  # fmt: skip
    return page(request, "portal/statement.html", context)


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _by_weight(found: Iterable[Balance]) -> list[Balance]:
    """The marketplace's own currency first."""
    return sorted(found, key=lambda balance: (balance.currency != settings.REPORTING_CURRENCY, balance.currency))


def _tiles(request: HttpRequest, balance: Balance) -> list[Tile]:
    reader = reader_of(request)

    def tile(label: str, minor: int, note: str = "", tone: str = "") -> Tile:
        return Tile(label, written(minor, balance.currency, reader.language), note, tone if minor else "")

    pending = _next_release(balance, reader) or _("becomes available by date")
    tiles = [
        tile(_("Available"), balance.available_minor, _("goes out with the next payout"), "good"),
        tile(_("Pending"), balance.pending_minor, pending),
        tile(_("Held"), balance.on_hold_minor, _("each with its reason below"), "warn"),
    ]
    if balance.owed_minor:
        tiles.append(tile(_("Owed by you"), balance.owed_minor, _("taken from what becomes available"), "bad"))
    else:
        set_aside = balance.reserve_minor + balance.deposits_minor
        tiles.append(tile(_("Set aside"), set_aside, _("reserve and deposit; yours")))
    return tiles


def home_tiles(request: MemberRequest) -> list[Tile]:
    """Available and held, for the seller's home; other currencies than the first are named in the note."""
    reader = reader_of(request)
    found = _by_weight(queries.balances(request.seller.key).values()) or [Balance(settings.REPORTING_CURRENCY)]
    first, others = found[0], found[1:]

    def tile(label: str, of: Any, note: str, tone: str = "") -> Tile:
        more = " · ".join(written(of(b), b.currency, reader.language) for b in others if of(b))
        value = written(of(first), first.currency, reader.language)
        return Tile(label, value, more and f"+ {more}" or note, tone if of(first) else "", reverse("portal:money"))

    pending = written(first.pending_minor, first.currency, reader.language)
    return [
        tile(_("Available"), lambda b: b.available_minor, _("%(amount)s more is pending") % {"amount": pending}),
        tile(_("Held"), lambda b: b.on_hold_minor, _next_release(first, reader) or _("each with its reason"), "warn"),
    ]


def _next_release(balance: Balance, reader: Reader) -> str:
    """When the next money becomes free, in words; empty where no date is set."""
    if balance.next_release_at is None:
        return ""
    when = absolute(balance.next_release_at, reader.zone, reader.language, reader.now)
    return _("next release %(when)s") % {"when": when}


def _csv(request: MemberRequest, account: Kind | None) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        found = queries.movements(request.seller.key, filters=Filters(account=account), after=after, size=500)
        names = order_names({line.order_key for line in found.items if line.order_key is not None})
        return [_csv_row(line, names) for line in found.items], found.next

    return stream("movements", CSV_HEAD, read, lasting_scope(request))


def _csv_row(line: Movement, names: Mapping[int, str]) -> Row:
    return (
        line.at.isoformat(), line.event, line.account.value, names.get(line.order_key or 0, ""), line.amount_minor,
        line.currency, line.transaction_id, line.provisional, line.memo,
    )  # fmt: skip
