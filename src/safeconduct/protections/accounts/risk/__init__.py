"""Account risk: the policy that ships, what its signals ask for, and the one call that judges an act."""

from __future__ import annotations

from importlib.resources import files


def shipped_policies() -> tuple[str, ...]:
    """The texts of the policies that come into force wherever Safeconduct is installed."""
    return ((files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8"),)
