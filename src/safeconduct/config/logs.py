"""How the process's log is written: a record is a line, its time is UTC, and nothing in it opens anything.

What a stranger sends must not begin a line of its own, nor must a link's token lie in a file that others read. Words
that could be a token are replaced wherever they stand, in an address as in a stack: letters, digits and signs of 24 and
more. Ids of ours, which open nothing, stay.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any, Final

#: An address's part that is long enough to be a secret; ids are three letters, an underscore, and their number.
_WORD: Final = re.compile(r"[A-Za-z0-9_\-:=.~%+]{24,}")
_DIGITS: Final = re.compile(r"\d")
_OUR_ID: Final = re.compile(r"[a-z]{3}_[0-9a-z]{20,30}|fault-[0-9a-f]{12}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.+Z-]+")
_MAIL: Final = re.compile(r"[^\s@<>\"'(]{1,64}@[\w.-]+\.\w+")
#: PostgreSQL: ``DETAIL:  Key (email)=(…) already exists.``
_DETAIL: Final = re.compile(r"(DETAIL|CONTEXT):.*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: What a part of an address of ours is made of.
_PART: Final = re.compile(r"[A-Za-z0-9._~:=+-]*")
HIDDEN: Final = "[hidden]"


def without_tokens(text: str) -> str:
    """The text without what could be a token (long words with a digit that are neither ids of ours nor times), without
    mail addresses, and without the values that the database quotes in the details of an error."""
    text = _MAIL.sub(HIDDEN, _DETAIL.sub(rf"\1 {HIDDEN}", text))
    return _WORD.sub(lambda found: HIDDEN if _may_open(found[0]) else found[0], text)


def address_of(path: str) -> str:
    """An address without what could be a token, and without parts that no address of ours has: somebody typed them, and
    they may be a name."""
    return without_tokens("/".join(part if _PART.fullmatch(part) else HIDDEN for part in path.split("/")))


def in_one_line(text: str) -> str:
    """The text with signs that would end the line, or do something to a terminal, written out."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class PlainLines(logging.Formatter):
    """Time, level, name and message. Of a stack each line is one; it is for who develops."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        told = " ".join(f"{name}={value}" for name, value in {**_request(record), **_facts(record)}.items())
        said = f"{record.message} {told}" if getattr(record, "facts", None) else record.message
        return f"{_utc(record)} {record.levelname} {record.name} {in_one_line(without_tokens(said))}"

    def formatException(self, ei: Any) -> str:
        return without_tokens(super().formatException(ei))


class JsonLines(PlainLines):
    """A JSON object for each record: ``at``, ``level``, ``from``, ``says``; of a request ``method``, ``address``,
    ``status`` and, for who is signed in, ``person``; ``stack`` where something failed."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": _utc(record), "level": record.levelname, "from": record.name,
            "says": without_tokens(record.getMessage()), **_request(record), **_facts(record),
        }  # fmt: skip
        if record.exc_info:
            line["stack"] = self.formatException(record.exc_info)
        return in_one_line(json.dumps(line, ensure_ascii=False))


def _request(record: logging.LogRecord) -> dict[str, Any]:
    request = getattr(record, "request", None)
    if request is None or not hasattr(request, "method"):
        return {}
    # The person is named where the request has found out already: a line of the log asks the database nothing.
    known = {
        "method": request.method, "address": address_of(request.path),
        "status": getattr(record, "status_code", None),
        "person": getattr(getattr(request, "_cached_user", None), "id", None),
    }  # fmt: skip
    return {name: value for name, value in known.items() if value is not None}


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    """What a line of the security log knows beside its request (`config.security_log`)."""
    facts = getattr(record, "facts", None) or {}
    return {name: without_tokens(value) if isinstance(value, str) else value for name, value in facts.items() if value}


def _utc(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _may_open(word: str) -> bool:
    if _OUR_ID.fullmatch(word) or _TIME.fullmatch(word):
        return False
    return _DIGITS.search(word) is not None
