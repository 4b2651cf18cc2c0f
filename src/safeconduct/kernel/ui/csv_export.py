"""Lists as CSV, streamed: the file begins at once and is never whole in memory.

A stream outlives its view and its transaction, so each page of it is read in a scope of its own.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

from django.http import StreamingHttpResponse
from django.utils import timezone

from safeconduct.kernel.scope import staff_scope

#: With what a formula begins, in full width too, as spreadsheets set up for Chinese or Japanese read it (OWASP, *CSV
#: Injection*).
_FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
Row = Sequence[object]
Pages = Callable[[str], tuple[list[Row], str]]
Scope = Callable[[], AbstractContextManager[None]]


def stream(name: str, head: Sequence[str], read: Pages, scope: Scope = staff_scope) -> StreamingHttpResponse:
    """A download. ``read(after)`` gives the rows after a cursor and the next cursor, empty at the end; it is called
    inside a ``scope`` of its own."""
    response = StreamingHttpResponse(_chunks(head, read, scope), content_type="text/csv; charset=utf-8")
    stamp = timezone.now().strftime("%Y%m%d-%H%M")
    response["Content-Disposition"] = f'attachment; filename="{name}-{stamp}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _chunks(head: Sequence[str], read: Pages, scope: Scope) -> Iterator[str]:
    # The mark tells spreadsheets that this is UTF-8.
    yield "\ufeff" + text([head])
    after = ""
    while True:
        with scope():
            rows, after = read(after)
        yield text(rows)
        if not after:
            return


def text(rows: Iterable[Row]) -> str:
    """Rows as lines of CSV; cells that a spreadsheet would take for a formula are quoted away."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: what came from outside may begin with ``=``."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, str) and text[:1] in _FORMULA:
        return "'" + text
    return text
