"""What production refuses to start with, named with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeconduct.config import environment
from safeconduct.config.environment import read
from safeconduct.config.hardening import UnsafeSettings, refuse_unsafe


def whole(folder: Path) -> dict[str, str]:
    """An environment that production accepts."""
    key = folder / "root.key"
    key.write_text("00" * 32)
    key.chmod(0o600)
    return {
        "SAFECONDUCT_MODE": "production", "SAFECONDUCT_ASVS_LEVEL": "2",
        "SAFECONDUCT_DATABASE_URL": "postgresql://owner@db/safeconduct?sslmode=verify-full",
        "SAFECONDUCT_HOSTS": "shop.example", "SAFECONDUCT_ORIGINS": "https://shop.example",
        "SAFECONDUCT_KEY_FILE": str(key), "SAFECONDUCT_EMAIL_URL": "smtp://mail.example:587",
        "SAFECONDUCT_BREACHED_PASSWORDS": "none", "SAFECONDUCT_CLAMD": "none", "SAFECONDUCT_LOG_TO": "stderr",
        "SAFECONDUCT_PORTAL_HOST": "shop.example", "SAFECONDUCT_CONSOLE_HOST": "staff.shop.example",
        "SAFECONDUCT_API_HOST": "api.shop.example", "SAFECONDUCT_FILES_HOST": "files.shop.example",
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
        ("postgresql://owner@/safeconduct", False),  # whatever PGHOST says
        ("postgresql://owner@/safeconduct?service=prod", False),
        ("host=10.0.0.7 dbname=safeconduct sslmode=verify-ca", False),
        ("postgresql://owner@/safeconduct?host=/run/postgresql,10.0.0.7", False),
        ("postgresql://owner@/safeconduct?host=/run/postgresql&hostaddr=10.0.0.7", False),
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


def test_with_a_key_process_no_key_may_lie_here_as_well(tmp_path: Path) -> None:
    given = whole(tmp_path) | {"SAFECONDUCT_KEY_SOCKET": "/run/keys", "SAFECONDUCT_VAR": str(tmp_path / "var")}
    refused(given, "SAFECONDUCT_KEY_FILE: SAFECONDUCT_KEY_SOCKET names a key process")
    del given["SAFECONDUCT_KEY_FILE"]
    refuse_unsafe(read(given))
    for name in ("SAFECONDUCT_VAULT_ROOT", "SAFECONDUCT_VAULT_CREDENTIALS_FILE"):
        refused(given | {name: f"file:{tmp_path / 'root.key'}"}, f"{name}: SAFECONDUCT_KEY_SOCKET")
    (tmp_path / "var" / "keys").mkdir(parents=True)
    (tmp_path / "var" / "keys" / "root.key").write_text("00" * 32)
    refused(given, "root.key: SAFECONDUCT_KEY_SOCKET")


# -- faces, files, secrets, logs, TLS ----------------------------------------------------------------------------------


def refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(UnsafeSettings, match=says):
        refuse_unsafe(read(given))


def test_production_asks_for_a_scanner_or_a_plain_none(tmp_path: Path) -> None:
    refused(whole(tmp_path) | {"SAFECONDUCT_CLAMD": ""}, "SAFECONDUCT_CLAMD is empty")
    for good in ("none", "127.0.0.1:3310", "/run/clamav/clamd.ctl"):
        refuse_unsafe(read(whole(tmp_path) | {"SAFECONDUCT_CLAMD": good}))


def test_production_asks_for_a_name_for_each_face_and_the_demo_for_none(tmp_path: Path) -> None:
    faces = ("PORTAL", "CONSOLE", "API", "FILES")
    names = tuple(f"SAFECONDUCT_{face}_HOST" for face in faces)
    for name in names:
        refused(whole(tmp_path) | {name: ""}, name)
    refused(whole(tmp_path) | {"SAFECONDUCT_API_HOST": "shop.example"}, "two faces have one host name")
    refuse_unsafe(read({**whole(tmp_path), **dict.fromkeys(names, ""), "SAFECONDUCT_MODE": "demo"}))
    with pytest.raises(ValueError, match="SAFECONDUCT_API_HOST"):
        read(whole(tmp_path) | {"SAFECONDUCT_API_HOST": "https://api.shop.example/"})


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("SAFECONDUCT_STRIPE_API_KEY", "rk_live_x", True),
        ("SAFECONDUCT_CONNECTOR_SECRETS", "stripe=whsec_x", True),
        ("SAFECONDUCT_EMAIL_URL", "smtp://shop:secret@mail.example:587", True),
        ("SAFECONDUCT_DATABASE_URL", "postgresql://owner:secret@db/safeconduct?sslmode=verify-full", True),
        ("SAFECONDUCT_STAFF_DATABASE_URL", "host=db password=x sslmode=verify-full", True),
        ("SAFECONDUCT_DATABASE_URL", "postgresql://owner@db/safeconduct?sslmode=verify-full&passfile=/run/pg", False),
        ("SAFECONDUCT_EMAIL_URL", "smtp://mail.example:587", False),
    ],
)
def test_secrets_come_by_files_which_others_cannot_read(tmp_path: Path, name: str, value: str, is_secret: bool) -> None:
    given = whole(tmp_path)
    if not is_secret:
        refuse_unsafe(read(given | {name: value}))
        return
    refused(given | {name: value}, f"{name}.*secrets stand in the environment")
    refuse_unsafe(read(given | {name: value, "SAFECONDUCT_SECRETS_IN_ENVIRONMENT": "1"}))
    file = tmp_path / "secret"
    file.write_text(value + "\n")
    file.chmod(0o600)
    by_file = {**given, name: "", f"{name}_FILE": str(file)}
    refuse_unsafe(read(by_file))
    assert value in repr(read(by_file)) or name == "SAFECONDUCT_CONNECTOR_SECRETS"
    file.chmod(0o644)
    refused(by_file, f"{name}_FILE can be read by others")


def test_a_secret_is_replaced_by_replacing_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    given = whole(tmp_path) | {"SAFECONDUCT_STRIPE_API_KEY_FILE": str(file)}
    for value in ("rk_live_old", "rk_live_new"):
        file.write_text(value)
        assert read(given).stripe_api_key == value


@pytest.mark.parametrize(("content", "says"), [(None, "cannot read"), (b" \n", "is empty"), (b"\xff", "is not text")])
def test_a_file_without_a_secret_is_named(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=f"SAFECONDUCT_STRIPE_API_KEY_FILE: .*{says}"):
        read({"SAFECONDUCT_STRIPE_API_KEY_FILE": str(file)})
    with pytest.raises(ValueError, match="both set"):
        read({"SAFECONDUCT_STRIPE_API_KEY_FILE": str(file), "SAFECONDUCT_STRIPE_API_KEY": "x"})


def test_production_asks_where_its_logs_go(tmp_path: Path) -> None:
    refused(whole(tmp_path) | {"SAFECONDUCT_LOG_TO": ""}, "SAFECONDUCT_LOG_TO is empty")
    for good in ("stderr", "unix:/dev/log", "tls://logs.example:6514?ca=/etc/ca.pem"):
        refuse_unsafe(read(whole(tmp_path) | {"SAFECONDUCT_LOG_TO": good}))


def test_a_certificate_of_our_own_is_whole_and_its_key_is_nobody_elses(tmp_path: Path) -> None:
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    given = whole(tmp_path) | {"SAFECONDUCT_TLS_CERTIFICATE": str(certificate), "SAFECONDUCT_TLS_KEY": str(key)}
    refused(given, "SAFECONDUCT_TLS_CERTIFICATE: no file")
    for file in (certificate, key):
        file.write_text("x")
        file.chmod(0o600)
    refuse_unsafe(read(given))
    key.chmod(0o640)
    refused(given, "SAFECONDUCT_TLS_KEY can be read by others")
    refused(given | {"SAFECONDUCT_TLS_KEY": ""}, "give both, or neither")
    refused(whole(tmp_path) | {"SAFECONDUCT_TLS_CLIENT_CA": str(certificate)}, "asks for SAFECONDUCT_TLS_CERTIFICATE")
