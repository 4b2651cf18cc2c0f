"""`doctor` reminds of secrets that nobody has replaced for a year."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import tests.django_world as world

from safeconduct.cli import doctor

assert world
_DAY_S = 86_400


def aged(file: Path, days: int) -> Path:
    file.write_text("it is a secret")
    then = time.time() - days * _DAY_S
    os.utime(file, (then, then))
    return file


def test_a_secret_that_is_older_than_a_year_is_named_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFECONDUCT_KEY_FILE", str(aged(tmp_path / "root.key", 10)))
    monkeypatch.setenv("SAFECONDUCT_STRIPE_API_KEY_FILE", str(aged(tmp_path / "stripe", 360)))
    found = doctor.secrets()
    assert found.ok and found.found == "2 in files, the oldest unchanged for 360 days"
    aged(tmp_path / "stripe", 400)
    found = doctor.secrets()
    assert not found.ok and "SAFECONDUCT_STRIPE_API_KEY_FILE" in found.mend and "KEY_FILE," not in found.mend
    assert "it is a secret" not in f"{found}"


def test_a_file_that_is_not_there_is_no_reminder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFECONDUCT_KEY_FILE", str(tmp_path / "none"))
    assert doctor.secrets().ok
