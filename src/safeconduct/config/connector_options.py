"""Options of connectors as the environment says them: ``connector.option=value`` with commas between.

Some options are tables, such as `sellers`: ``stripe.sellers.acct_1=sel-1`` is one row of it, ``stripe.sellers=@FILE`` a
file of rows, ``acct_1,sel-1`` each. The key is all behind the second dot: it may hold dots itself, as the domains of
shops do.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

_NAME: Final = "SAFECONDUCT_CONNECTOR_OPTIONS"
_FORM: Final = f"{_NAME} must be connector.option=value, with commas between"

Options = dict[str, dict[str, str | dict[str, str]]]


def read_options(pairs: tuple[str, ...]) -> Options:
    """The options by connector. Raises ValueError, which names the pair or the line of a file at fault."""
    found: Options = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        connector, dot, rest = name.partition(".")
        option, keyed, key = rest.partition(".")
        if not separator or not dot or not option or (keyed and not key):
            raise ValueError(_FORM)
        options = found.setdefault(connector, {})
        rows = {key: value} if keyed else _table(value[1:]) if value.startswith("@") else None
        if rows is None:
            options[option] = value
            continue
        table = options.setdefault(option, {})
        if not isinstance(table, dict):
            raise ValueError(f"{_NAME}: {connector}.{option} is given as a text and as a table; give one of them")
        table.update(rows)
    return found


def _table(path: str) -> dict[str, str]:
    """The rows of a file: two cells each; empty lines and those that begin with # are passed over."""
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise ValueError(f"{_NAME}: {path} cannot be read as a table in UTF-8: {problem}") from None
    rows: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line.replace("\x00", "")], skipinitialspace=True))]
        if len(cells) != 2 or not all(cells):
            raise ValueError(f"{_NAME}: {path}, line {number}: a row is `the source's id,the seller's id`")
        if rows.setdefault(cells[0], cells[1]) != cells[1]:
            raise ValueError(f"{_NAME}: {path}, line {number}: {cells[0]} stands there twice, for two sellers")
    return rows
