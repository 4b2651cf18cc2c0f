"""What transaction protection offers under /v1: how orders are covered, what a seller has, and banks' disputes."""

from __future__ import annotations

from typing import Final

from safeconduct.protections.transactions.chargebacks import api as chargebacks
from safeconduct.protections.transactions.chargebacks import api_before
from safeconduct.protections.transactions.coverage import api as coverage
from safeconduct.protections.transactions.money import api as money

OPERATIONS: Final = (coverage.operations, money.operations, chargebacks.operations, api_before.operations)
