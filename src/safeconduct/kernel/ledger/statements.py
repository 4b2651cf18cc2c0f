"""A seller's statement as a file: CSV for a spreadsheet, PDF for people and tax offices.

The same statement, language and zone make the same bytes on the same machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from safeconduct.foundation.money import exponent
from safeconduct.kernel.ledger.accounts import SELLER_KINDS, Kind
from safeconduct.kernel.ledger.queries import Movement, Statement
from safeconduct.kernel.ledger.wording import account_said, event_said
from safeconduct.kernel.ui import formats
from safeconduct.kernel.ui.csv_export import Row, text
from safeconduct.kernel.ui.pdf import compiled, typefaces

_TEMPLATE: Final = Path(__file__).resolve().parent / "statement.typ"


def statement_csv(
    statement: Statement, language: str, zone: tzinfo, *, orders: Mapping[int, str] | None = None
) -> bytes:
    """Every leg as a line between opening and closing balances, in UTF-8 with a mark for spreadsheets.

    Amounts are decimals of the currency with a point, times have the zone's offset. ``orders``: the shop's references
    by the ledger's keys; an order that is not among them is left empty.
    """
    with override(_django_language(language)):
        head = [
            _("Time"), _("What happened"), _("Account"), _("Amount"), _("Currency"), pgettext("purchase", "Order"),
            _("Note"), _("Provisional"), _("Event"), _("Transaction"), _("Reverses"),
        ]  # fmt: skip
        rows: list[Row] = [head]
        rows += _balance_rows(statement, _("Opening balance"), statement.start, zone, statement.opening)
        rows += [_csv_line(line, zone, orders or {}) for line in statement.lines]
        if statement.complete:
            rows += _balance_rows(statement, _("Closing balance"), statement.end, zone, statement.closing)
        else:
            rows.append(["", _incomplete(), *[""] * (len(head) - 2)])
    return ("\ufeff" + text(rows)).encode()


def statement_pdf(
    statement: Statement, language: str, zone: tzinfo, *, seller: str = "", orders: Mapping[int, str] | None = None
) -> bytes:
    """The statement on A4 pages, for a reader of this language in this zone.

    Where the machine has no font with Chinese, a Chinese statement is written in English: boxes would tell nobody
    anything. ``seller``: the name that is printed; ``orders`` as in `statement_csv`.
    """
    language, families = typefaces(language)
    with override(_django_language(language)):
        given = {
            **_told(statement, language, zone, seller, orders or {}),
            "fonts": families,
            "language": language.split("-")[0].lower(),
        }
    return compiled(_TEMPLATE, {"statement": json.dumps(given, ensure_ascii=False)}, statement.end)


def _told(statement: Statement, language: str, zone: tzinfo, seller: str, orders: Mapping[int, str]) -> dict[str, Any]:
    def money(amount_minor: int, *, signed: bool = False) -> str:
        return formats.money(amount_minor, statement.currency, language, signed=signed)

    last = statement.end - timedelta(microseconds=1)
    period = f"{_minute(statement.start, zone)} – {_minute(last, zone)}"
    return {
        "title": _("Statement of account"),
        "seller": seller,
        "about": [
            [_("Period"), period],
            [_("Currency"), statement.currency],
            [_("Times"), f"{zone}, UTC{_offset(statement.start, zone)}"],
        ],
        "balances": {
            "title": _("Balances"),
            "head": [_("Account"), _("Before"), _("After")],
            "rows": [
                [account_said(kind), money(statement.opening[kind]), money(statement.closing[kind])]
                for kind in used_accounts(statement)
            ],
        },
        "lines": {
            "title": _("Movements"),
            "none": _("Nothing was posted in this time."),
            "head": [_("Time"), _("What happened"), pgettext("purchase", "Order"), _("Account"), _("Amount")],
            "rows": [
                {
                    "at": _minute(line.at, zone),
                    "says": event_said(line.event, line.amount_minor),
                    "notes": _notes(line),
                    "order": _order(line, orders),
                    "account": account_said(line.account),
                    "amount": money(line.amount_minor, signed=True),
                }
                for line in statement.lines
            ],
        },
        "complete": statement.complete,
        "incomplete": _incomplete(),
        "footer": f"{seller} · {period}" if seller else period,
    }


def _notes(line: Movement) -> list[str]:
    notes = [line.memo] if line.memo and line.event not in ("hold", "payout", "debt_made_good") else []
    if line.provisional:
        notes.append(_("Provisional: it can be taken back"))
    return notes


def _csv_line(line: Movement, zone: tzinfo, orders: Mapping[int, str]) -> Row:
    return [
        line.at.astimezone(zone).isoformat(), event_said(line.event, line.amount_minor), account_said(line.account),
        _decimal(line.amount_minor, line.currency), line.currency, _order(line, orders), line.memo,
        _("yes") if line.provisional else "", line.event, line.transaction_id, line.reverses or "",
    ]  # fmt: skip


def _balance_rows(
    statement: Statement, says: str, at: datetime, zone: tzinfo, balances: Mapping[Kind, int]
) -> list[Row]:
    return [
        [at.astimezone(zone).isoformat(), says, account_said(kind), _decimal(balances[kind], statement.currency),
         statement.currency, "", "", "", "", "", ""]
        for kind in used_accounts(statement)
    ]  # fmt: skip


def used_accounts(statement: Statement) -> list[Kind]:
    """The accounts that a reader wants to see: with money before or after, or with movements."""
    moved = {line.account for line in statement.lines}
    return [k for k in SELLER_KINDS if k in moved or statement.opening[k] or statement.closing[k]] or [Kind.AVAILABLE]


def _incomplete() -> str:
    return _("There are more movements than one statement shows; ask for a shorter time.")


def _order(line: Movement, orders: Mapping[int, str]) -> str:
    return orders.get(line.order_key, "") if line.order_key is not None else ""


def _decimal(amount_minor: int, currency: str) -> Decimal:
    return Decimal(amount_minor).scaleb(-exponent(currency))


def _minute(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _offset(at: datetime, zone: tzinfo) -> str:
    offset = at.astimezone(zone).strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}"


def _django_language(language: str) -> str:
    return "zh-hans" if language.lower().startswith("zh") else language
