"""Honest people who look like thieves, one file each. Stopping them is what a false accusation is."""

from __future__ import annotations

from types import ModuleType

from safeconduct.demo.decoys import (
    big_spenders,
    customs_strike,
    dormitory,
    families,
    gift_season,
    high_returners,
    live_stream,
    shared_offices,
    travellers,
)

DECOYS: tuple[ModuleType, ...] = (
    customs_strike, travellers, shared_offices, families, high_returners, live_stream, dormitory, gift_season,
    big_spenders,
)  # fmt: skip
