"""The advisory locks of the database, each with its number, so that no two rooms wait for each other by mistake.

Numbers are never reused: during an upgrade old and new processes run side by side.

**Trouble with orders has one order of locks**, in every transaction: the orders whose cases are opened or touched,
their cases by id (`cases_of`), the orders' certificates and books, claims' payments and lines by id, the ledger's
sellers by key. Who has a later one waits for no earlier one. Sweeps pass over cases that somebody has (SKIP LOCKED),
and so never wait for them. Who moves several cases locks all their money before any of it moves (`money_of`).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum, unique
from typing import Final

from safeconduct.kernel.scope import query

#: First half of what is hashed with an order's key.
_CASES_OF_ORDER: Final = 20_715


@unique
class Lock(IntEnum):
    """What is done by one process at a time. Those marked *pair* are the first half of a lock of two numbers."""

    RIGHTS = 0x5AFE_0001  # logins and rights, while they are brought up to date
    EVENT_ORDER = 0x5AFE_0002  # shared by who gives moments, exclusive for who settles them
    HOUSEKEEPING = 0x5AFE_0003  # what one lane does for all
    HISTORY = 0x5AFE_0004  # shared by who decides, exclusive for who imports history, builds roll-ups or ends them
    SCHEMA = 0x5AFE_0005  # migrations
    RECORD = 0x5AFE_0006  # the sequencer of the record, and who erases in it
    WITNESSES = 0x5AFE_0007  # showing a checkpoint to one place (pair)
    ENDPOINTS = 0x5AFE_0009  # how many webhook endpoints there are
    COMPACTION = 0x5AFE_0011  # the counts of rules
    BRAKE = 0x5AFE_0012
    MAIL = 0x5AFE_0013  # one person's mail (pair)
    TEMPLATES = 0x5AFE_0C07  # versions of coverage templates
    LEDGER_SUMS = 0x5AFE_1ED6  # sums of the platform's accounts
    BOOKED_BY_HAND = 0x5AFE_1ED7  # one key of what people book (pair)
    OUTSIDE_BODIES = 0x5AFE_0D21  # which outside bodies are named
    RETURN_HUBS = 0x5AFE_0D22  # which local addresses for returns are named
    FILES_OF_A_PERSON = 0x5AFE_0D23  # how much one person has stored (pair)


def orders_in_trouble(order_keys: Collection[int]) -> None:
    """Waits until nobody else opens a case of these orders, and keeps others waiting until the scope ends."""
    query(
        "SELECT count(pg_advisory_xact_lock(hashint8extended(o, %b))) FROM"
        " (SELECT o FROM unnest(%b::bigint[]) AS n(o) ORDER BY o) AS sorted",
        [_CASES_OF_ORDER, sorted(set(order_keys))],
    )


def cases_of(order_keys: Collection[int]) -> None:
    """Waits until nobody else opens, moves or ends a case of these orders, until the scope ends: whoever goes on to
    claims and money in the same transaction comes here first."""
    orders_in_trouble(order_keys)
    query(
        "SELECT id FROM case_file WHERE order_key = ANY(%b::bigint[]) ORDER BY id FOR UPDATE",
        [sorted(set(order_keys))],
    )


def money_of(order_keys: Collection[int], seller_keys: Collection[int]) -> None:
    """Waits for the claims of these orders, then for these sellers' money in the ledger, until the scope ends."""
    query(
        "SELECT claim_lock(coalesce(array_agg(DISTINCT p.payment_id), '{}'), coalesce(array_agg(DISTINCT l.id), '{}'))"
        " FROM claim_line l LEFT JOIN claim_part p ON p.line_id = l.id WHERE l.order_key = ANY(%b::bigint[])",
        [sorted(set(order_keys))],
    )
    query("SELECT count(*) FROM ledger_lock(%b::bigint[], NULL)", [sorted(set(seller_keys))])
