"""Haihang Mall: a made-up marketplace with planted attacks, honest look-alikes, and the truth beside it.

`generate` makes the world from one seed; `World.events` reads it; `write_truth` keeps what really happened away from
the product; `score` measures decisions against it
(`safeconduct.demo.scoreboard` prints the result); `live_events` lets the world go on.
"""

from __future__ import annotations

from safeconduct.demo.live import live_events
from safeconduct.demo.parameters import SHIFTS, Parameters, Shift
from safeconduct.demo.scoring import Decision, Report, score
from safeconduct.demo.truth import Action, Label, read_truth
from safeconduct.demo.world import SellerFacts, World, generate, world_sha256, write_truth

__all__ = [
    "SHIFTS", "Action", "Decision", "Label", "Parameters", "Report", "SellerFacts", "Shift", "World", "generate",
    "live_events", "read_truth", "score", "world_sha256", "write_truth",
]  # fmt: skip
