"""What account security keeps; the tables of each part lie in its folder."""

from __future__ import annotations

from safeconduct.protections.accounts.ownership.models import OwnershipPaper as OwnershipPaper
from safeconduct.protections.accounts.payout.models import PayoutContest as PayoutContest
from safeconduct.protections.accounts.payout.models import PayoutProposal as PayoutProposal
