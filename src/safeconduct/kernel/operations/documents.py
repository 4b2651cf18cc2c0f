"""Documents that several operations share."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Final

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field

from safeconduct.kernel.operations.problems import invalid

#: What PostgreSQL keeps in no text: U+0000, and half of a pair, which JSON can write and UTF-8 cannot.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def _storable(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise ValueError("contains U+0000 or half of a pair, which cannot be stored")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,79}$")]
Why = Annotated[Text, Field(min_length=3, max_length=2000, description="The reason, a sentence; it is kept.")]
Cursor = Annotated[str, Field(max_length=300, description="`next` of the page before.")]


#: A body holds at most 10 MiB, and Base64 makes a file larger by a third.
MOST_FILE_BYTES: Final = 7_000_000
File = Annotated[
    Text,
    Field(
        max_length=4 * (MOST_FILE_BYTES // 3 + 1),
        description=f"A file as Base64, at most {MOST_FILE_BYTES:,} bytes: PNG, JPEG, PDF, MP4 or text.",
    ),
]


def file_of(field: str, text: str) -> bytes:
    """The bytes of a `File`. Raises Problem, which names the field."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(field, "is no Base64; encode the file's bytes with the standard alphabet") from None
    if not found:
        raise invalid(field, "is empty")
    return found


class Sent(Schema):
    """A body: a field that is not known is an error, so that a slip of the pen is not ignored."""

    model_config = ConfigDict(extra="forbid")


class PageAsked(Schema):
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class Amount(Schema):
    """Money: whole minor units of a currency (ISO 4217)."""

    minor: int
    currency: str


class SellerAsked(Schema):
    seller: Annotated[Text, Field(min_length=1, max_length=2000, description="The shop's id of the seller.")]
