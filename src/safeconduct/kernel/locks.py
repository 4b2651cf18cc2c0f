"""The advisory locks of the database, each with its number, so that no two rooms wait for each other by mistake.

Numbers are never reused: during an upgrade old and new processes run side by side.
"""

from __future__ import annotations

from enum import IntEnum, unique


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
