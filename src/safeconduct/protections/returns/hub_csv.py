"""Local addresses as a CSV: what the console and the command give out, they take back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.kernel.parties.models import User
from safeconduct.protections.returns.errors import HubRefused
from safeconduct.protections.returns.models import Hub
from safeconduct.protections.returns.naming_hubs import Draft, Named, name
from safeconduct.protections.returns.words import Payer

HEAD: Final = ("code", "name", "country", "serves", "goods", "paid_by", "address", "since", "until")
#: Without these there is nothing to name.
_NEEDED: Final = ("code", "name", "country", "paid_by", "address")
_MOST_ROWS: Final = 2_000
#: An apostrophe that keeps a spreadsheet from reading a cell as a formula is no part of it.
_KEPT_APART: Final = ("'=", "'+", "'-", "'@")


def rows(hubs: Iterable[Hub]) -> list[Sequence[str]]:
    """Local addresses as rows under `HEAD`. Days are UTC, the last one is in."""
    return [
        (
            one.code, one.name, one.country, " ".join(one.serves), "; ".join(one.goods), one.paid_by, one.address,
            one.since.date().isoformat(),
            "" if one.until_at is None else (one.until_at - timedelta(microseconds=1)).date().isoformat(),
        )
        for one in hubs
    ]  # fmt: skip


def read(text: str) -> list[Draft]:
    """The drafts of a CSV; the first line names the columns, in any order. Raises HubRefused, which says in which row
    and column something is wrong."""
    found = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restkey="", restval="", strict=True)
    try:
        missing = [column for column in _NEEDED if column not in (found.fieldnames or ())]
        strange = [column for column in found.fieldnames or () if column not in HEAD]
        if missing or strange:
            raise HubRefused(
                _("The first line names the columns %(names)s; since, until, serves and goods can be left out.")
                % {"names": ", ".join(HEAD)},
                (missing or strange)[0],
            )
        drafts = [_draft(row, number) for number, row in enumerate(found, 2)]
    except csv.Error as problem:
        raise HubRefused(
            _("Line %(n)s is no CSV: %(problem)s") % {"n": found.line_num, "problem": problem}, "file"
        ) from None
    if len(drafts) > _MOST_ROWS:
        raise HubRefused(_("A file has at most %(n)s rows; give it in parts.") % {"n": _MOST_ROWS}, "file")
    return drafts


def bring(drafts: Sequence[Draft], by: User | str, *, at: datetime) -> list[Named]:
    """Names all of them, or none: in the caller's transaction. The same file again changes nothing. Raises HubRefused
    with the row and the column."""
    made = []
    for number, draft in enumerate(drafts, 2):
        try:
            made.append(name(draft, by, at=at))
        except HubRefused as problem:
            raise _of_row(number, problem.field, str(problem)) from None
    return made


def _draft(row: Mapping[str, object], number: int) -> Draft:
    if row.get(""):
        raise _of_row(number, "address", _("There are more cells than columns; put an address in quotation marks."))
    cells = {column: _plain(str(row.get(column, ""))) for column in HEAD}
    if cells["paid_by"] not in set(Payer):
        raise _of_row(number, "paid_by", _("Its work is paid by the seller or by the marketplace."))
    return Draft(
        cells["code"], cells["name"], cells["country"], cells["address"], Payer(cells["paid_by"]),
        tuple(cells["serves"].replace(",", " ").split()), tuple(filter(None, cells["goods"].split(";"))),
        _day(number, "since", cells["since"]), _day(number, "until", cells["until"]),
    )  # fmt: skip


def _plain(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith(_KEPT_APART) else text


def _day(number: int, column: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _of_row(number, column, _("Write a day as 2026-12-01.")) from None


def _of_row(number: int, column: str, problem: str) -> HubRefused:
    return HubRefused(
        _("Row %(n)s, %(column)s: %(problem)s") % {"n": number, "column": column, "problem": problem}, column
    )
