"""Haihang Mall: a made-up marketplace with planted attacks, honest look-alikes, and the truth beside it.

`generate` makes the world from one seed; `World.events` reads it. `write_truth`, `write_covers` and `write_complaints`
keep what really happened, what cover each order deserves, and who was right, away from the product; `score`,
`score_cover`, `score_cases` and `score_accounts` measure decisions, cover, cases and accounts against it
(`safeconduct.demo.scoreboard` prints the result); `live_events` lets the world go on.
"""

from __future__ import annotations

from safeconduct.demo.account_scoring import AccountReport, score_accounts
from safeconduct.demo.case_scoring import CaseReport, score_cases
from safeconduct.demo.complaints import Complaint, read_complaints, write_complaints
from safeconduct.demo.cover import Cover, covers, read_covers, write_covers
from safeconduct.demo.cover_scoring import CoverReport, Standing, score_cover
from safeconduct.demo.digest import world_sha256
from safeconduct.demo.live import live_events
from safeconduct.demo.parameters import SHIFTS, Parameters, Shift
from safeconduct.demo.scoring import Decision, Report, score
from safeconduct.demo.truth import Action, Label, read_truth
from safeconduct.demo.world import WORLD_END, WORLD_START, SellerFacts, World, generate, write_truth

__all__ = [
    "SHIFTS", "WORLD_END", "WORLD_START", "AccountReport", "Action", "CaseReport", "Complaint", "Cover",
    "CoverReport", "Decision", "Label", "Parameters", "Report", "SellerFacts", "Shift", "Standing", "World", "covers",
    "generate", "live_events", "read_complaints", "read_covers", "read_truth", "score", "score_accounts",
    "score_cases", "score_cover", "world_sha256", "write_complaints", "write_covers", "write_truth",
]  # fmt: skip
