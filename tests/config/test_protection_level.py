"""The operator chooses a level, and production at level 3 starts only with what level 3 asks of a deployment."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.config.test_memory_encryption import machine as machine_files
from tests.config.test_production_settings import whole
from tests.kernel.vault.key_process_world import KeyProcess

from safeconduct.cli import doctor
from safeconduct.config.environment import read
from safeconduct.config.hardening import UnsafeSettings, refuse_unsafe, unsafe
from safeconduct.config.memory_encryption import Encrypted
from safeconduct.config.protection_level import Machine, short_of_three
from safeconduct.config.setting_table import SETTINGS

OURS, THEIRS = 1001, 1002
GOOD = Machine(THEIRS, OURS, Encrypted("Intel TDX", "tdx_guest in /proc/cpuinfo"))
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "deploy" / "safeconduct.env"
MUTUAL = "sslmode=verify-full&sslrootcert=/c/ca.pem&sslcert=/c/app.crt&sslkey=/c/app.key"


def at_level_3(folder: Path) -> dict[str, str]:
    """An environment that production accepts at level 3 on a machine such as `GOOD`."""
    given = whole(folder) | {
        "SAFECONDUCT_ASVS_LEVEL": "3", "SAFECONDUCT_KEY_SOCKET": "/run/safeconduct-keys/socket",
        "SAFECONDUCT_VAR": str(folder / "var"), "SAFECONDUCT_DATABASE_URL": f"postgresql://owner@db/safeconduct?{MUTUAL}",
        "SAFECONDUCT_EMAIL_URL": "smtp://mail.example:587?certificate=/c/app.crt&key=/c/app.key",
        "SAFECONDUCT_CLAMD": "/run/clamav/clamd.ctl", "SAFECONDUCT_LOG_TO": "unix:/dev/log",
        "SAFECONDUCT_BREACHED_PASSWORDS": str(folder / "breached.txt"),
    }  # fmt: skip
    del given["SAFECONDUCT_KEY_FILE"]
    (folder / "breached.txt").write_text("")
    return given


def refusals(given: dict[str, str], machine: Machine = GOOD) -> str:
    return "\n".join(unsafe(read(given), machine))


def test_production_has_no_level_until_the_operator_chooses_one(tmp_path: Path) -> None:
    given = whole(tmp_path)
    refuse_unsafe(read(given))
    with pytest.raises(UnsafeSettings, match=r"SAFECONDUCT_ASVS_LEVEL is empty.* 2: .* 3: "):
        refuse_unsafe(read(given | {"SAFECONDUCT_ASVS_LEVEL": ""}))
    with pytest.raises(ValueError, match="SAFECONDUCT_ASVS_LEVEL is '1'; it can be 2 or 3"):
        read(given | {"SAFECONDUCT_ASVS_LEVEL": "1"})
    for mode in ("demo", "development"):
        refuse_unsafe(read(given | {"SAFECONDUCT_MODE": mode, "SAFECONDUCT_ASVS_LEVEL": "3"}))


def test_a_deployment_that_has_what_level_3_asks_starts(tmp_path: Path) -> None:
    assert refusals(at_level_3(tmp_path)) == ""


def test_level_3_names_all_that_is_missing_at_once(tmp_path: Path) -> None:
    bare = Machine(None, OURS, None)
    with pytest.raises(UnsafeSettings) as refused:
        refuse_unsafe(read(whole(tmp_path) | {"SAFECONDUCT_ASVS_LEVEL": "3", "SAFECONDUCT_BEHIND_PROXIES": "1"}))
    for name in ("KEY_SOCKET", "DATABASE_URL", "EMAIL_URL", "CLAMD", "BEHIND_PROXIES", "BREACHED_PASSWORDS"):
        assert f"- SAFECONDUCT_{name}" in str(refused.value), name
    assert "SAFECONDUCT_DATABASE_CLEAR" not in str(refused.value), "which is no way out at level 3"
    assert "memory is encrypted" in refusals(at_level_3(tmp_path), bare)


def test_at_level_3_production_starts_only_with_a_key_process_of_another_user(tmp_path: Path) -> None:
    given = at_level_3(tmp_path)
    for machine, says in (
        (replace(GOOD, key_user=OURS), r"same user \(1001\)"),
        (replace(GOOD, key_user=None), "no key process answers"),
        (replace(GOOD, user=0), "runs as root"),
    ):
        with pytest.raises(AssertionError, match=f"SAFECONDUCT_KEY_SOCKET .*{says}"):
            assert refusals(given, machine) == ""
    assert "SAFECONDUCT_KEY_SOCKET is empty" in refusals(given | {"SAFECONDUCT_KEY_SOCKET": ""})


def test_at_level_3_production_starts_only_where_the_kernel_calls_memory_encrypted(tmp_path: Path) -> None:
    tdx = machine_files(tmp_path / "tdx", proc__cpuinfo="flags\t: fpu tdx_guest\n")
    env = read(at_level_3(tmp_path) | {"SAFECONDUCT_KEY_SOCKET": ""})
    for root, starts in ((tdx, True), (tmp_path / "nothing", False)):
        said = "\n".join(short_of_three(env, Machine.of(env, root)))
        assert ("confidential one" not in said) is starts, root


@pytest.mark.parametrize(
    ("name", "value", "starts"),
    [
        ("SAFECONDUCT_DATABASE_URL", "postgresql://owner@db/safeconduct?sslmode=verify-full&sslrootcert=/c/ca.pem", False),
        ("SAFECONDUCT_DATABASE_URL", f"postgresql://owner@db/safeconduct?{MUTUAL.replace('verify-full', 'require')}", False),
        ("SAFECONDUCT_DATABASE_URL", "postgresql://owner@/safeconduct?host=/run/postgresql", True),
        ("SAFECONDUCT_STAFF_DATABASE_URL", "postgresql://staff@127.0.0.1/safeconduct", False),
        ("SAFECONDUCT_STAFF_DATABASE_URL", f"postgresql://staff@db/safeconduct?{MUTUAL}", True),
        ("SAFECONDUCT_EMAIL_URL", "smtp://mail.example:587", False),
        ("SAFECONDUCT_EMAIL_URL", "smtps://mail.example?ca=/c/ca.pem", False),
        ("SAFECONDUCT_EMAIL_URL", "smtps://mail.example?ca=/c/ca.pem&certificate=/c/app.crt&key=/c/app.key", True),
        ("SAFECONDUCT_CLAMD", "127.0.0.1:3310", False),
        ("SAFECONDUCT_CLAMD", "none", False),
        ("SAFECONDUCT_LOG_TO", "tls://logs.example:6514?ca=/c/ca.pem", False),
        ("SAFECONDUCT_LOG_TO", "tls://logs.example:6514?ca=/c/ca.pem&certificate=/c/app.crt&key=/c/app.key", True),
        ("SAFECONDUCT_LOG_TO", "stderr", True),
        ("SAFECONDUCT_BEHIND_PROXIES", "1", False),
        ("SAFECONDUCT_SECOND_STEP", "money", False),
        ("SAFECONDUCT_STAFF_PASSKEY_ONLY", "0", False),
        ("SAFECONDUCT_SECRETS_IN_ENVIRONMENT", "1", False),
    ],
)  # fmt: skip
def test_at_level_3_every_line_inside_is_a_socket_or_shows_certificates_on_both_sides(
    tmp_path: Path, name: str, value: str, starts: bool
) -> None:
    given = at_level_3(tmp_path) | {"SAFECONDUCT_DATABASE_CLEAR": "1", name: value}
    found = refusals(given)
    assert (found == "") is starts and (starts or found.startswith(name)), found
    if not starts:
        assert name not in refusals(given | {"SAFECONDUCT_ASVS_LEVEL": "2"}), "level 2 does not ask for it"


def test_the_shipped_settings_of_level_3_are_whole_and_each_line_of_them_counts(tmp_path: Path) -> None:
    text = EXAMPLE.read_text().replace("/etc/safeconduct", str(tmp_path)).replace("/var/lib/safeconduct", str(tmp_path))
    given = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    assert set(given) <= {setting.name for setting in SETTINGS}
    for name in ("TLS_CERTIFICATE", "TLS_KEY", "TLS_CLIENT_CA", "BREACHED_PASSWORDS"):
        Path(given[f"SAFECONDUCT_{name}"]).write_text("x")
    Path(given["SAFECONDUCT_TLS_KEY"]).chmod(0o600)
    assert refusals(given) == ""
    free = {"MODE", "VAR", "EMAIL_FROM", "BEHIND_PROXIES", "BREACHED_PASSWORDS"}
    for name in set(given) - {f"SAFECONDUCT_{one}" for one in free}:
        assert refusals({key: value for key, value in given.items() if key != name}) != "", name


def test_who_holds_the_keys_is_asked_of_the_socket_and_not_of_a_setting(tmp_path: Path) -> None:
    env = read(at_level_3(tmp_path) | {"SAFECONDUCT_KEY_SOCKET": str(tmp_path / "keys.sock")})
    with KeyProcess(tmp_path):
        assert Machine.of(env).key_user == os.getuid()
        (said,) = (one for one in short_of_three(env, Machine.of(env)) if "KEY_SOCKET" in one)
    assert ("runs as root" if os.getuid() == 0 else "same user") in said


def test_a_proxy_shows_a_certificate_at_level_3(tmp_path: Path) -> None:
    given = at_level_3(tmp_path) | {"SAFECONDUCT_BEHIND_PROXIES": "1"}
    for name in ("CERTIFICATE", "KEY", "CLIENT_CA"):
        assert "SAFECONDUCT_BEHIND_PROXIES" in refusals(given), name
        file = tmp_path / name
        file.write_text("x")
        file.chmod(0o600)
        given[f"SAFECONDUCT_TLS_{name}"] = str(file)
    assert refusals(given) == ""


def test_doctor_says_the_level_and_what_separates_from_the_highest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in whole(tmp_path).items():
        monkeypatch.setenv(name, value)
    two = doctor.level()
    assert two.ok and two.found.startswith("ASVS level 2; level 3 also asks: SAFECONDUCT_KEY_SOCKET is empty"), two
    monkeypatch.setenv("SAFECONDUCT_ASVS_LEVEL", "3")
    three = doctor.level()
    assert not three.ok and three.found == "ASVS level 3" and "SAFECONDUCT_CLAMD" in three.mend, three
    monkeypatch.setenv("SAFECONDUCT_ASVS_LEVEL", "")
    assert not doctor.level().ok
    monkeypatch.setenv("SAFECONDUCT_MODE", "demo")
    assert doctor.level().ok
