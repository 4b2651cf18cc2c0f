"""What production refuses to start with, named with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeconduct.config import environment
from safeconduct.config.environment import UnsafeSettings, read, refuse_unsafe


def whole(folder: Path) -> dict[str, str]:
    """An environment that production accepts."""
    key = folder / "root.key"
    key.write_text("00" * 32)
    key.chmod(0o600)
    return {
        "SAFECONDUCT_MODE": "production", "SAFECONDUCT_DATABASE_URL": "postgresql://owner@db/safeconduct",
        "SAFECONDUCT_HOSTS": "shop.example", "SAFECONDUCT_ORIGINS": "https://shop.example",
        "SAFECONDUCT_KEY_FILE": str(key), "SAFECONDUCT_EMAIL_URL": "smtp://mail.example:587",
        "SAFECONDUCT_FUND_LEGAL_FORM": "a promise of Haihang Ltd., no insurance",
        "SAFECONDUCT_FUNDS_HELD_BY": "Example Payments, licensed in Hong Kong",
    }  # fmt: skip


def test_whole_settings_start(tmp_path: Path) -> None:
    refuse_unsafe(read(whole(tmp_path)))


@pytest.mark.parametrize("name", ["SAFECONDUCT_FUND_LEGAL_FORM", "SAFECONDUCT_FUNDS_HELD_BY"])
def test_sellers_must_be_told_what_the_fund_is_and_who_holds_their_money(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafeSettings, match=name):
        refuse_unsafe(read(whole(tmp_path) | {name: " "}))
    refuse_unsafe(read({**whole(tmp_path), name: "", "SAFECONDUCT_MODE": "demo"}))


def test_a_review_may_not_outlast_the_card_authorisation(tmp_path: Path) -> None:
    refuse_unsafe(read(whole(tmp_path) | {"SAFECONDUCT_REVIEW_HOURS": "144"}))
    with pytest.raises(UnsafeSettings, match=r"SAFECONDUCT_REVIEW_HOURS is 145.*leaves 144 hours"):
        refuse_unsafe(read(whole(tmp_path) | {"SAFECONDUCT_REVIEW_HOURS": "145"}))


def test_an_unknown_preset_is_named_in_every_mode() -> None:
    with pytest.raises(ValueError, match="SAFECONDUCT_PRESET"):
        environment.read({"SAFECONDUCT_PRESET": "jd"})
