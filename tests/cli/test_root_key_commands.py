"""`safeconduct vault root-key`, as an operator uses it: from one key to the next, and after a restore."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from tests.kernel.vault.root_key_world import note

from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.vault import pseudonyms, root_replacement
from safeconduct.kernel.vault.key_file import read_keys, write_keys


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """The root key file of this deployment, in a place of its own."""
    there = tmp_path / "root.key"
    there.write_text(Path(settings.ROOT_KEY_FILE).read_text())
    note()
    yield there
    root_replacement._index(wanted=False)


def safeconduct(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "safeconduct", *arguments],
        capture_output=True, text=True, env={**os.environ, "SAFECONDUCT_KEY_FILE": str(file)},
    )  # fmt: skip


def root_key(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return safeconduct(file, "vault", "root-key", *arguments)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_one_root_key_takes_the_place_of_another(file: Path, tmp_path: Path) -> None:
    with engine_scope():
        known = pseudonyms.register([("email", "ana@example.org"), ("email", "li@example.org")])
    before = tmp_path / "before.key"
    before.write_text(file.read_text())
    refused = root_key(file, "use")
    assert refused.returncode == 1 and "root-key add" in refused.stderr
    added = told(root_key(file, "add", "--json"))
    assert root_key(file, "add").returncode == 1
    used = told(root_key(file, "use", "--json"))
    assert (used["current"], used["earlier"]) == (added["next"], added["current"])
    assert told(root_key(file, "use", "--json")) == used, "a second time is the same"
    waiting = root_key(file, "status")
    assert waiting.returncode == 1 and "needed by pseudonym (2)" in waiting.stdout and "root-key move" in waiting.stderr
    refused = root_key(file, "retire", "--end-links")
    assert refused.returncode == 1 and "is needed still: pseudonym (2)" in " ".join(refused.stderr.split())
    assert told(root_key(file, "move", "--json"))["moved"] == {
        "vault_region_wrap": 1, "pseudonym": 2, "payout_account": 0
    }  # fmt: skip
    kept = told(root_key(file, "status", "--json"))
    assert kept["ok"] and set(kept["left"].values()) == {0}  # type: ignore[attr-defined]
    refused = root_key(file, "retire")
    assert refused.returncode == 1 and "--end-links" in refused.stderr
    alone = told(root_key(file, "retire", "--end-links", "--json"))
    assert "earlier" not in alone and alone["current"] == used["current"]
    assert told(root_key(file, "status", "--json"))["ok"]
    assert known["email", "ana@example.org"]
    # A file of before is refused by the doctor, and can be brought back.
    stale = safeconduct(before, "doctor", "--json")
    (wrong,) = [one for one in json.loads(stale.stdout)["checks"] if one["check"] in {"root key", "vault"}][:1]
    assert not wrong["ok"] and "root-key bring-back" in wrong["mend"] + wrong["found"]
    back = told(root_key(file, "bring-back", str(before), "--to", str(tmp_path / "both.key"), "--json"))
    assert (back["current"], back["earlier"]) == (alone["current"], added["current"])
    assert json.loads(root_key(tmp_path / "both.key", "status", "--json").stdout)["left"]["pseudonym"] == 2


def test_the_passwords_of_logins_change_with_the_retirement_and_not_before(tmp_path: Path) -> None:
    one, added, used, new = (tmp_path / name for name in ("one", "added", "used", "new"))
    one.write_text("0a" * 32)
    write_keys(added, read_keys(one).with_next())
    write_keys(used, read_keys(added).in_use())
    write_keys(new, read_keys(used).alone())
    passwords = [
        subprocess.run(
            [sys.executable, "-c", _SETTINGS], capture_output=True, text=True, check=True,
            env={**os.environ, "SAFECONDUCT_KEY_FILE": str(file)},
        ).stdout.strip()
        for file in (one, added, used, new)
    ]  # fmt: skip
    assert passwords[0] == passwords[1] == passwords[2] != passwords[3]


_SETTINGS = """
from django.conf import settings
print(settings.ROLE_PASSWORDS["engine"])
"""
