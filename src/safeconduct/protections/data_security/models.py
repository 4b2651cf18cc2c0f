"""The tables of data security."""

from __future__ import annotations

from safeconduct.protections.data_security import desk_models as desk_models
