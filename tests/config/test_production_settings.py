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
        "SAFECONDUCT_MODE": "production", "SAFECONDUCT_DATABASE_URL": "postgresql://owner@db/safeconduct?sslmode=verify-full",
        "SAFECONDUCT_HOSTS": "shop.example", "SAFECONDUCT_ORIGINS": "https://shop.example",
        "SAFECONDUCT_KEY_FILE": str(key), "SAFECONDUCT_EMAIL_URL": "smtp://mail.example:587",
        "SAFECONDUCT_BREACHED_PASSWORDS": "none", "SAFECONDUCT_CLAMD": "none", "SAFECONDUCT_LOG_TO": "stderr",
        "SAFECONDUCT_PORTAL_HOST": "shop.example", "SAFECONDUCT_CONSOLE_HOST": "staff.shop.example",
        "SAFECONDUCT_API_HOST": "api.shop.example",
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


@pytest.mark.parametrize(
    ("url", "starts"),
    [
        ("postgresql://owner@db/safeconduct", False),
        ("postgresql://owner@db/safeconduct?sslmode=require", False),
        ("postgresql://owner@db/safeconduct?sslmode=verify-full&sslrootcert=/etc/ca.pem", True),
        ("postgresql://owner@/safeconduct?host=/run/postgresql", True),
        ("postgresql://owner@/safeconduct", True),
        ("host=10.0.0.7 dbname=safeconduct sslmode=verify-ca", False),
        ("postgresql://owner@/safeconduct?host=/run/postgresql,10.0.0.7", False),
    ],
)
def test_a_database_elsewhere_must_show_who_it_is(tmp_path: Path, url: str, starts: bool) -> None:
    for name in ("SAFECONDUCT_DATABASE_URL", "SAFECONDUCT_STAFF_DATABASE_URL"):
        given = whole(tmp_path) | {name: url}
        if starts:
            refuse_unsafe(read(given))
            continue
        with pytest.raises(UnsafeSettings, match=f"{name} does not say sslmode=verify-full"):
            refuse_unsafe(read(given))
        refuse_unsafe(read(given | {"SAFECONDUCT_DATABASE_CLEAR": "1"}))


def test_production_asks_for_breached_passwords_or_a_plain_none(tmp_path: Path) -> None:
    for given in ("", str(tmp_path / "missing.txt")):
        with pytest.raises(UnsafeSettings, match="SAFECONDUCT_BREACHED_PASSWORDS"):
            refuse_unsafe(read(whole(tmp_path) | {"SAFECONDUCT_BREACHED_PASSWORDS": given}))
    (tmp_path / "breached.txt").write_text("")
    refuse_unsafe(read(whole(tmp_path) | {"SAFECONDUCT_BREACHED_PASSWORDS": str(tmp_path / "breached.txt")}))


@pytest.mark.parametrize(
    ("name", "clear", "good"),
    [
        ("SAFECONDUCT_VAULT_ROOT", "transit:http://bao.example:8200/transit/root", "transit:https://bao.example/transit/root"),
        ("SAFECONDUCT_VAULT_ROOT", "aws-kms:eu-west-1/k@http://kms.example", "transit:http://127.0.0.1:8200/transit/root"),
        ("SAFECONDUCT_RECORD_WITNESSES", "http://witness.example key", "https://witness.example key"),
        ("SAFECONDUCT_STRIPE_API_URL", "http://api.example", "https://api.example"),
        ("SAFECONDUCT_CLAMD", "clam.example:3310", "/run/clamav/clamd.ctl"),
        ("SAFECONDUCT_CLAMD", "10.0.0.9:3310", "127.0.0.1:3310"),
    ],
)  # fmt: skip
def test_no_other_machine_is_spoken_to_in_clear(tmp_path: Path, name: str, clear: str, good: str) -> None:
    with pytest.raises(UnsafeSettings, match=name):
        refuse_unsafe(read(whole(tmp_path) | {name: clear}))
    refuse_unsafe(read(whole(tmp_path) | {name: good}))
