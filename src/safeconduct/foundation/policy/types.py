"""The closed tower of types of the policy language.

Every value of a policy has one of these types on every engine, and each is represented so that Python,
PostgreSQL and DuckDB cannot disagree about it:

=============  =========================  ==============================================================
type           representation             rules
=============  =========================  ==============================================================
``BOOLEAN``    bool                       three-valued: true, false, unknown (``None``/NULL)
``INTEGER``    64-bit signed integer      arithmetic outside the range is unknown
``MONEY``      64-bit signed integer      minor units of the policy's currency (``in:``); never a float
``RATIONAL``   (INTEGER, INTEGER)         result of ``/`` and of decimal literals; compared by multiplication
``MONEY_RATE`` (MONEY, INTEGER)           money divided by an integer (an average); compared by multiplication
``NUMBER``     IEEE double                an input only (a model's score): compared, never computed with
``TEXT``       Unicode string             compared by code point
``TIMESTAMP``  64-bit integer             microseconds since 2020-01-01T00:00:00Z (`foundation.moments`)
``DURATION``   64-bit integer             microseconds
``KEY``        64-bit integer             an entity as a keyed pseudonym: equal or not, nothing else
=============  =========================  ==============================================================
"""

from __future__ import annotations

from enum import StrEnum

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1


class Type(StrEnum):
    """A type of the policy language; see the module's table."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    MONEY = "money"
    RATIONAL = "rational"
    MONEY_RATE = "money rate"
    NUMBER = "number"
    TEXT = "text"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    KEY = "key"


#: Types a catalogue field may have; the others only arise inside an expression.
FIELD_TYPES = frozenset({Type.BOOLEAN, Type.INTEGER, Type.MONEY, Type.NUMBER, Type.TEXT, Type.TIMESTAMP, Type.KEY})

#: Types whose values are pairs that are never divided out; they are compared by multiplication.
PAIRS = frozenset({Type.RATIONAL, Type.MONEY_RATE})
