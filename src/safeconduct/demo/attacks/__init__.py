"""The planted attacks, one file each. A new one is a module with NAME, DESCRIPTION and plant, and a line here."""

from __future__ import annotations

from types import ModuleType

from safeconduct.demo.attacks import (
    brushing,
    bust_out,
    buyer_takeover,
    card_testing,
    false_claims,
    friendly_fraud,
    label_only,
    mule_addresses,
    new_account_burst,
    refund_ring,
    return_swaps,
    seller_takeover,
    slow_insider,
    staff_snooping,
    stolen_cards,
    triangulation,
    wardrobing,
)

ATTACKS: tuple[ModuleType, ...] = (
    card_testing, stolen_cards, friendly_fraud, refund_ring, mule_addresses, triangulation, bust_out, buyer_takeover,
    new_account_burst, brushing, false_claims, label_only, return_swaps, wardrobing,
    seller_takeover, slow_insider, staff_snooping,
)  # fmt: skip
