"""What data security keeps; the tables of each part lie in its folder."""

from __future__ import annotations

from safeconduct.protections.data_security import desk_models as desk_models
from safeconduct.protections.data_security.leases.models import (
    BuyerLease,
    Canary,
    CanaryTouch,
    ContactExport,
    ContactRight,
)

__all__ = ["BuyerLease", "Canary", "CanaryTouch", "ContactExport", "ContactRight"]
