"""`safeconduct record`, as an operator and as a cron job use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.commands import safeconduct
from tests.kernel.record.builders import NOW, decisions, leaves, tamper

from safeconduct.kernel.record import sequencer, verify_record


def record(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return safeconduct("record", *arguments, **environment)


def test_an_operator_verifies_proves_and_rotates(tmp_path: Path) -> None:
    made = decisions(8)
    leaves(300)
    sequencer.sequence(now=NOW)
    told = record("verify")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "everything fits" in told.stdout
    assert "could not be noticed" in told.stdout
    first = record("keys").stdout.strip()
    assert record("rotate").returncode == 0
    assert len(record("keys").stdout.splitlines()) == 2
    proof = tmp_path / "proof.json"
    assert record("proof", made[0], "--out", str(proof)).returncode == 0
    checked = subprocess.run(
        [sys.executable, "-I", verify_record.__file__, str(proof), "--key", first], capture_output=True
    )
    assert checked.returncode == 0, checked.stderr
    growth = record("proof", "--since", "310")
    assert "\n310\n" in json.loads(growth.stdout)["old"]


def test_a_fault_ends_with_one_and_is_named() -> None:
    decisions(8)
    sequencer.sequence(now=NOW)
    tamper("UPDATE decision SET amount_minor = 1 WHERE id = (SELECT min(id) FROM decision)")
    told = record("verify", "--json")
    assert told.returncode == 1
    found = json.loads(told.stdout)
    assert (found["ok"], found["wrong"]) == (False, 1)
    assert found["findings"][0]["code"] == "content"
    assert "was changed" in found["findings"][0]["sentence"]


def test_a_broken_log_shows_in_status_and_doctor() -> None:
    leaves(3)
    sequencer.sequence(now=NOW)
    tamper("DELETE FROM record_entry WHERE index = 2")
    told = record("status", "--json")
    assert told.returncode == 1
    assert "2 entries, but 3 are signed" in json.loads(told.stdout)["broken"]
    doctor = safeconduct("doctor", "--json")
    (check,) = [check for check in json.loads(doctor.stdout)["checks"] if check["check"] == "record"]
    assert (check["ok"], "docs/record.md" in check["mend"]) == (False, True)


def test_a_record_that_stands_still_is_told() -> None:
    leaves(3)
    told = record("status")
    assert told.returncode == 1
    assert "stands still" in told.stderr
    sequencer.sequence(now=NOW)
    assert record("status").returncode == 0


def test_what_cannot_be_used_is_refused_with_the_way_out(tmp_path: Path) -> None:
    leaves(3)
    sequencer.sequence(now=NOW)
    kept = tmp_path / "kept"
    kept.write_text("nothing")
    assert record("verify", "--checkpoint", str(kept)).returncode == 2
    assert record("proof").returncode == 2
    assert record("proof", "dec_never").returncode == 1
    assert record("proof", "--since", "2").returncode == 1
