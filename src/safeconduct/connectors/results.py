"""What reading a body gives: events, what no event stands for, what is refused and why. Nothing of a body is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RefusalReason(StrEnum):
    """Why a body, or an event of it, cannot be taken. Stable codes; `RefusedItem.detail` is the sentence for people."""

    NOT_JSON = "not_json"
    NOT_TEXT = "not_text"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_FIELD = "missing_field"
    BAD_VALUE = "bad_value"
    BAD_TYPE = "bad_type"


@dataclass(frozen=True, slots=True)
class UnknownItem:
    """A body, or a part of one, for which there is no canonical event. It is kept under the source's own type name.

    ``time``: when it happened, as far as the body says it, else "".
    """

    id: str
    type: str
    reason: str
    time: str = ""


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An event that cannot be made, or a body that cannot be read.

    ``type``: the canonical type that was meant, or "" where the body could not be read at all. ``field``: the
    canonical field at fault, or "". ``position``: "line 3, column 7" of broken JSON, "line 12" of a batch, or "".
    """

    id: str
    reason: RefusalReason
    field: str
    detail: str
    type: str = ""
    position: str = ""


@dataclass(frozen=True, slots=True)
class DroppedField:
    """An optional field of an event that was left out, because its value could not be converted exactly."""

    event_id: str
    type: str
    field: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one body says.

    ``events``: canonical envelopes, each valid against the catalogue. ``references``: by event id, the source's own
    ids and codes that the catalogue has no field for (charge, payment, network reason code, the delivery's id), by
    which the events of one payment can be brought together. ``body_id``: the delivery's id, "" if it has none.
    """

    events: list[dict[str, object]] = field(default_factory=list)
    unknown: list[UnknownItem] = field(default_factory=list)
    refused: list[RefusedItem] = field(default_factory=list)
    dropped: list[DroppedField] = field(default_factory=list)
    references: dict[str, Mapping[str, str]] = field(default_factory=dict)
    body_id: str = ""


class ConversionError(ValueError):
    """A value that cannot become what its field needs. The message is a sentence that never repeats the value whole."""


class TooManyError(ValueError):
    """A list in a body that is longer than any source sends. Nothing of the body is taken, so that nothing is silently
    left out; the message says how many may be sent at once."""


class OptionError(ValueError):
    """An option of a connector that does not exist or has the wrong shape; the message names the ones there are."""


def shown(value: object) -> str:
    """A value as it may stand in a message: short, on one line, without half of a pair, which nothing can store."""
    text = " ".join(str(value)[:200].encode("utf-8", "replace").decode("utf-8").split())
    return f"`{text[:40]}…`" if len(text) > 40 else f"`{text}`"
