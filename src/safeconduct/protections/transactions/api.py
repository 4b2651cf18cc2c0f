"""What transaction protection offers under /v1: cover, a seller's money, claims, and banks' disputes."""

from __future__ import annotations

from typing import Final

from safeconduct.protections.transactions.chargebacks import api as chargebacks
from safeconduct.protections.transactions.chargebacks import api_before, api_files
from safeconduct.protections.transactions.coverage import api as coverage
from safeconduct.protections.transactions.money import api as money
from safeconduct.protections.transactions.money import claims_api

OPERATIONS: Final = (
    coverage.operations, money.operations, claims_api.operations, chargebacks.operations, api_files.operations,
    api_before.operations,
)  # fmt: skip
