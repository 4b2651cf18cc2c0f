"""The reference page of the catalogue: ``python -m safeconduct.kernel.events.reference > docs/events.md``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from safeconduct.foundation.policy.catalogue import EventType, Field
from safeconduct.foundation.policy.types import Type
from safeconduct.kernel.events.catalogue import CATALOGUE

_HEAD = """# Events

<!-- Written by `python -m safeconduct.kernel.events.reference`; do not edit. -->

An event is a fact from outside: immutable, unique by `source` and `id`. What was wrong is put right by a later event, such
as `order.changed`; sent again under the same `source` and `id` it is a duplicate, whatever it says now. Neither it nor an
event that comes late changes a decision that was made. The envelope is compatible with CloudEvents 1.0:

```json
{"specversion": "1.0", "id": "evt-1", "source": "shop", "type": "order.placed", "time": "2026-06-01T08:00:00Z", "data": {}}
```

Money is `{"minor": 129900, "currency": "CNY"}` (integer minor units) or `{"amount": "1299.00", "currency": "CNY"}`; times
are RFC 3339 with a zone; entities (cards, buyers, addresses …) are texts and become pseudonyms at the door. Personal
fields are kept sealed and are never in clear in the database. Fields that the catalogue does not know are kept in the
sealed envelope and otherwise ignored; types it does not know are stored and counted (`safeconduct doctor` names them).
Indexed fields can be used by features (`by:`, `where:`, sums). Whatever is refused is refused by the field's name, alone;
the rest of a batch goes on. An amount is at most 10^16 minor units, a time in a field lies between the years 1900 and
2200: leave a field out where nothing is known, and send no first day of a calendar in its place.

Lists (`lines`) hold objects, one for each line of the order. Policies do not see them, and no feature is computed from
them: they say to which lines, sellers and payments money belongs ([claims](claims.md)). The lines of an order, with their
shipping and tax and those of the whole order, come to its amount, or the event is refused. Orders that one payment paid
at once, perhaps of several sellers, name the same `payment`. An order without lines is one line, and an order that names
no payment has one of its own.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(event) for event in CATALOGUE.values())])


def _section(event: EventType) -> str:
    lines = [f"## {event.name}", "", f"{event.meaning[0].upper()}{event.meaning[1:]}."]
    if event.aliases:
        lines.append(f"Also arrives as {', '.join(f'`{alias}`' for alias in event.aliases)}.")
    lines += ["", "| field | type | meaning | |", "|---|---|---|---|"]
    lines += [_row(f) for f in event.fields]
    for listed in event.lists:
        lines.append(f"| `{listed.name}` | list, at most {listed.most} | {listed.meaning} | not for policies |")
        lines += [_row(f, f"{listed.name}[].") for f in listed.fields]
    example = {f.name: f.example for f in event.fields if f.required}
    lines += ["", f"Smallest `data`: `{json.dumps(example, ensure_ascii=False)}`", ""]
    return "\n".join(lines)


def _row(field: Field, inside: str = "") -> str:
    marks = ["**required**"] * field.required if inside else list(_marks(field))
    return f"| `{inside}{field.name}` | {_type(field)} | {field.meaning} | {', '.join(marks)} |"


def _type(field: Field) -> str:
    if field.type is Type.KEY:
        return f"entity: {field.entity}"
    if field.choices:
        return " \\| ".join(f"`{choice}`" for choice in field.choices)
    return str(field.type.value)


def _marks(field: Field) -> Iterator[str]:
    if field.required:
        yield "**required**"
    if field.personal:
        yield "personal"
    if not field.indexed:
        yield "not indexed"


if __name__ == "__main__":
    sys.stdout.write(page())
