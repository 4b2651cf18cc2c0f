"""Honest people who look like thieves, one file each. Stopping them is what a false accusation is."""

from __future__ import annotations

from types import ModuleType

from safeconduct.demo.decoys import (
    big_spenders,
    customs_strike,
    dormitory,
    families,
    gift_season,
    golden_week,
    high_returners,
    honest_complaints,
    live_stream,
    lost_phones,
    season_helpers,
    second_thoughts,
    seller_offices,
    shared_offices,
    split_parcels,
    travellers,
    travelling_sellers,
)

DECOYS: tuple[ModuleType, ...] = (
    customs_strike, travellers, shared_offices, families, high_returners, live_stream, dormitory, gift_season,
    big_spenders, golden_week, second_thoughts, split_parcels, honest_complaints,
    travelling_sellers, seller_offices, season_helpers, lost_phones,
)  # fmt: skip
