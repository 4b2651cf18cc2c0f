"""The signals of account risk and what each of them asks for at least, whatever an edited policy says.

Signals and floors are proposals of ours of 2026-11-23, to be checked in practice.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from safeconduct.foundation.policy.nodes import Action


class Level(IntEnum):
    """What follows, from nothing to everything; each includes those before it."""

    ALLOW = 0
    #: It goes on, and the owner is told on all channels.
    TELL = 1
    #: A passkey first; never a code by e-mail.
    STEP_UP = 2
    #: Payouts wait, and settings about money and access do not change.
    HOLD = 3
    #: Sessions end, keys are revoked, and a person recovers the account.
    LOCK = 4


#: Rule of `account-risk` → its signal and floor.
SIGNALS: Final[dict[str, tuple[str, Level]]] = {
    "score_unusual": ("S01", Level(2)),
    "score_very_unusual": ("S02", Level(3)),
    "new_device_and_network": ("S03", Level(2)),
    "new_country_for_person": ("S04", Level(2)),
    "travelled_too_fast": ("S05", Level(3)),
    "hidden_network_is_new": ("S06", Level(2)),
    "password_known_to_thieves": ("S07", Level(2)),
    "second_factor_failed": ("S08", Level(2)),
    "many_failures": ("S09", Level(2)),
    "address_tries_accounts": ("S10", Level(2)),
    "session_moved": ("S11", Level(2)),
    "session_off_its_device": ("S12", Level(4)),
    "woken_for_the_money": ("S13", Level(4)),
    "new_device_after_factor_removed": ("S14", Level(3)),
    "recovered_lately": ("S15", Level(3)),
    "contact_changes": ("S16", Level(3)),
    "payout_account_changes": ("S17", Level(3)),
    "two_great_changes": ("S18", Level(4)),
    "finance_member_after_doubt": ("S19", Level(3)),
    "key_after_doubt": ("S20", Level(2)),
    "prices_collapse": ("S21", Level(3)),
    "unusual_export": ("S22", Level(2)),
    "canary_touched": ("S23", Level(4)),
    "parcels_invented": ("S24", Level(3)),
    "asked_in_a_conversation": ("S25", Level(1)),
    "staff_looks_only": ("S26", Level(1)),
}
#: What an action of the engine asks for where a rule is none of the signals.
OF_ACTIONS: Final = {
    Action.ALLOW: Level.ALLOW,
    Action.CHALLENGE: Level.STEP_UP,
    Action.REVIEW: Level.HOLD,
    Action.BLOCK: Level.STEP_UP,
}


def level_of(action: Action, fired: list[str]) -> Level:
    """What follows of a decision: what its action asks for, and no less than the floor of any signal that fired."""
    return max([OF_ACTIONS[action], *(SIGNALS[name][1] for name in fired if name in SIGNALS)])
