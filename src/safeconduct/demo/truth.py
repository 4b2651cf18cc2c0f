"""What really happened: labels that lie beside the world and never enter the product.

The product learns of fraud only as a shop does, by a dispute or an issuer's warning weeks later. These rows are for
scoring alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from safeconduct.demo.orders import Order
from safeconduct.demo.people import Buyer, Seller


class Action(StrEnum):
    """What ought to be done; the actions of the policy language."""

    ALLOW = "allow"
    CHALLENGE = "challenge"
    REVIEW = "review"
    BLOCK = "block"


class Kind(StrEnum):
    """What a label is about."""

    ORDER = "order"
    EVENT = "event"
    BUYER = "buyer"
    SELLER = "seller"
    ADDRESS = "address"
    DEVICE = "device"
    IP = "ip"
    ACT = "act"
    READING = "reading"


class Severity(StrEnum):
    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody of the staff looks at the recipients of a shop's latest orders, so many, and says why."""

    seller: Seller
    at: int
    orders: int
    why: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A label while the world is being made: it points at things that have no id yet."""

    kind: Kind
    thing: Order | Buyer | Seller | Look | int | str
    attack: str
    role: str
    incident: int
    severity: Severity
    expected: Action
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Label:
    """One row of truth.

    ``entity_id`` is the order's, event's, buyer's … id; of a reading it is the shop's. ``event_id`` and ``order_id``
    are filled for orders, events and acts of members, so that a decision can be found. ``incident`` tells the bursts or
    members of one attack apart. ``start`` and ``end`` are RFC 3339: for an order its placing, for an entity the span of
    its incident. ``amount_minor`` is the money at risk: nothing for purchases from oneself, nor for a change whose
    order has a row already. ``role`` "decoy" marks what must not be punished; ``expected_action`` "allow" on any other
    role marks harm that cannot be told when the order is placed.
    """

    entity_kind: str
    entity_id: str
    event_id: str | None
    order_id: str | None
    attack: str
    role: str
    incident: str
    start: str
    end: str
    severity: str
    expected_action: str
    amount_minor: int
    currency: str


def truth_lines(labels: Iterable[Label]) -> Iterator[str]:
    """Each row as one line of JSON, without the line's end."""
    return (json.dumps(asdict(label), ensure_ascii=False, separators=(",", ":")) for label in labels)


def read_truth(path: Path) -> list[Label]:
    """The rows of a file written by `write_truth`. Raises ValueError naming the line that is not such a row."""
    labels = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                labels.append(Label(**json.loads(line)))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {number}: not a row of truth ({error})") from error
    return labels
