"""What orders turned out to be: learned from later events, told by the API, or read from a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.decisions import record_staff
from safeconduct.kernel.decisions.models import Label, LabelKind
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.ordering import current_moment
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import Actor, query

#: Later events that say what an order turned out to be.
LABEL_TYPES = frozenset({"dispute.opened", "fraud.warned"})
#: Dispute reasons that say somebody else used the card: the processors' words and the card schemes' codes
#: (Visa 10.x; Mastercard 4837, 4840, 4849, 4863, 4870, 4871; American Express F10, F14, F24, F29, F30, F31;
#: Discover UA01, UA02, UA05, UA06).
FRAUD_REASONS = frozenset(
    {
        "fraudulent", "fraud", "unauthorised", "unauthorized", "unrecognized",
        "10.1", "10.2", "10.3", "10.4", "10.5", "4837", "4840", "4849", "4863", "4870", "4871",
        "f10", "f14", "f24", "f29", "f30", "f31", "ua01", "ua02", "ua05", "ua06",
    }
)  # fmt: skip


def learn(rows: Iterable[Mapping[str, Any]], type_names: Mapping[int, str]) -> int:
    """Labels from later events: a fraud warning, and a bank dispute whose reason is fraud. Returns how many were
    new."""
    found = []
    for row in rows:
        if row["order"] is None:
            continue
        name = type_names[row["type"]]
        if name == "fraud.warned" or (name == "dispute.opened" and (row["reason"] or "").lower() in FRAUD_REASONS):
            found.append((row["order"], LabelKind.FRAUD, name, row["moment"]))
        elif name == "dispute.opened":
            found.append((row["order"], LabelKind.ABUSE, name, row["moment"]))
    return add(found) if found else 0


def learn_from_history(moments: Collection[int]) -> int:
    """Labels that these imported events tell of, from the time at which they happened; returns how many were new.

    History decides nothing, and is learned from all the same. May be repeated. Needs an engine scope.
    """
    names = {CATALOGUE[name].code: name for name in LABEL_TYPES}
    found = query(
        'SELECT type, "order", reason, moment FROM fact WHERE moment = ANY(%b::bigint[]) AND type = ANY(%s)',
        [sorted(moments), list(names)],
    )
    return learn([dict(zip(("type", "order", "reason", "moment"), row, strict=True)) for row in found], names)


def read_csv(text: str) -> tuple[list[tuple[str, LabelKind]], list[str]]:
    """Rows of a CSV with the columns order and label; returns what was read, and a sentence for each bad row."""
    found, problems = [], []
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    try:
        if not {"order", "label"} <= set(rows.fieldnames or ()):
            return [], ["the first line must name the columns order and label"]
        for number, row in enumerate(rows, 2):
            order, label = (row["order"] or "").strip(), (row["label"] or "").strip().lower()
            if not order:
                problems.append(f"row {number}: order is empty")
            elif label not in LabelKind.values:
                problems.append(f"row {number}: label {label[:20]!r} is none of {', '.join(LabelKind.values)}")
            else:
                found.append((order, LabelKind(label)))
    except csv.Error as problem:
        problems.append(f"line {rows.line_num}: this is no CSV from here on: {problem}")
    return found, problems


#: A statement is new where its origin has not said this of the order before, or somebody has said otherwise since. The
#: number behind the origin tells one from the next: two that arrive at once are one, by the constraint.
_ADD: Final = """
INSERT INTO label (id, order_key, kind, origin, moment, note, created_at)
SELECT w.id, w.order_key, w.kind, w.origin || CASE WHEN b.times = 0 THEN '' ELSE '#' || b.times + 1 END, w.moment, '',
       now()
FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::text[], %b::bigint[]) AS w(id, order_key, kind, origin, moment)
CROSS JOIN LATERAL (
    SELECT count(*) AS times, max(l.moment) AS last FROM label l
    WHERE l.order_key = w.order_key AND l.kind = w.kind AND split_part(l.origin, '#', 1) = w.origin
) b
WHERE b.times = 0 OR EXISTS (
    SELECT FROM label o
    WHERE o.order_key = w.order_key AND o.kind <> w.kind AND o.moment > b.last AND o.moment < w.moment
)
ON CONFLICT DO NOTHING
"""


def add(labels: Sequence[tuple[int, LabelKind, str, int]]) -> int:
    """Stores labels (order key, kind, origin, moment); returns how many were new. The latest word about an order holds.

    What an origin has said already changes nothing, however often it is sent; after somebody has said otherwise it is a
    new statement, in a row of its own. Of one order a batch says one thing for each origin.
    """
    cursor = query(
        _ADD,
        [
            [new_id("lab") for _ in labels], [order for order, _, _, _ in labels],
            [str(kind.value) for _, kind, _, _ in labels], [origin for _, _, origin, _ in labels],
            [moment for _, _, _, moment in labels],
        ],
    )  # fmt: skip
    return cursor.rowcount


def say(order_key: int, kind: LabelKind, actor: Actor) -> Label:
    """A person says what an order turned out to be; saying the same twice keeps the first, with its note.

    Where somebody has said otherwise in between, it counts as said now, in a row of its own: the latest word holds, and
    what stands in the record is not rewritten.
    """
    origin = f"staff/{actor.id}"[:36]
    said = list(Label.objects.filter(order_key=order_key).order_by("moment"))
    mine = [one for one in said if one.kind == kind and one.origin.partition("#")[0] == origin]
    if mine and not any(one.kind != kind and one.moment > mine[-1].moment for one in said):
        return mine[-1]
    label, made = Label.objects.get_or_create(
        order_key=order_key, kind=kind, origin=f"{origin}#{len(mine) + 1}" if mine else origin,
        defaults={"moment": current_moment(), "note": actor.why},
    )  # fmt: skip
    if made:
        leaves.add(record_staff.LABEL, [label.id], label.created_at)
    return label
