"""`make audit`: the lock against an export of published vulnerabilities, without a network."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
_spec = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
assert _spec is not None and _spec.loader is not None
audit = importlib.util.module_from_spec(_spec)
sys.modules["audit"] = audit
_spec.loader.exec_module(audit)

AT = "2026-11-29"


def advisory(**changes: Any) -> dict[str, Any]:
    events = [{"introduced": "0"}, {"fixed": "2.0.3"}]
    told = {
        "id": "GHSA-x", "modified": "2026-11-28T00:00:00Z", "published": "2026-11-01T00:00:00Z",
        "database_specific": {"severity": "MODERATE"},
        "affected": [{"package": {"ecosystem": "PyPI", "name": "Some_Lib"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}],
    }  # fmt: skip
    return told | changes


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "requirements"
    folder.mkdir()
    (folder / "core.lock").write_text(
        "some-lib[extra]==2.0.2 \\\n    --hash=sha256:00\nother==1.0 ; python_version > '3'\n"
    )
    return tmp_path


def run(project: Path, *told: Any, at: str = AT) -> int:
    file = project / "osv.json"
    file.write_text(json.dumps(list(told)))
    return int(audit.main([str(file), "--at", at, "--project", str(project)]))


def test_a_known_fault_is_told_with_its_day_and_the_way_out_and_fails_once_it_is_overdue(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(project, advisory()) == 0
    assert "some-lib 2.0.2: GHSA-x, medium, due by 2026-12-01; take 2.0.3" in capsys.readouterr().out
    late = advisory(modified="2026-12-02T00:00:00Z")
    assert run(project, late, at="2026-12-01") == 0
    assert run(project, late, at="2026-12-02") == 1
    assert "OVERDUE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "concerned"),
    [
        ("1.0", True),
        ("2.0.2", True),
        ("2.0.3rc1", True),
        ("2.0.3", False),
        ("2.1", True),
        ("2.1.4", True),
        ("2.1.5", False),
    ],
)
def test_a_version_is_held_against_every_range(version: str, concerned: bool) -> None:
    events = [{"fixed": "2.0.3"}, {"introduced": "2.1"}, {"introduced": "0"}, {"last_affected": "2.1.4"}]
    assert audit.concerns({"ranges": [{"type": "ECOSYSTEM", "events": events}]}, version) is concerned
    assert audit.concerns({"versions": [version]}, version) and not audit.concerns(
        {"ranges": [{"type": "GIT"}]}, version
    )


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        ({"database_specific": {"severity": "HIGH"}}, "high"),
        ({"severity": [{"score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}, "critical"),
        ({"severity": [{"score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"}]}, "medium"),
        ({"severity": [{"score": "CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]}, "low"),
        ({"severity": [{"score": "CVSS:4.0/AV:N/AC:L"}]}, "critical"),
        ({}, "critical"),
    ],
)
def test_how_severe_it_is_comes_from_the_source_or_its_vector_and_what_nobody_says_is_the_worst(
    told: dict[str, Any], severity: str
) -> None:
    assert audit.severity_of(told) == severity


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("CVSS:3.1/AV:N", None),
    ],
)
def test_base_scores_are_those_of_the_specification(vector: str, score: float | None) -> None:
    assert audit.base_score(vector) == score


def test_what_was_withdrawn_concerns_another_library_or_another_ecosystem_is_not_told(project: Path) -> None:
    other = advisory()["affected"][0] | {"package": {"ecosystem": "npm", "name": "some-lib"}}
    stranger = advisory()["affected"][0] | {"package": {"ecosystem": "PyPI", "name": "stranger"}}
    old = {"published": "2020-01-01T00:00:00Z"}
    told = [advisory(withdrawn="2026-11-02T00:00:00Z", **old), advisory(affected=[other, stranger], **old)]
    assert run(project, *told) == 0


def test_a_question_that_could_not_be_asked_is_no_good_answer(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--at", AT, "--project", str(project)]
    assert audit.main([str(project / "missing.zip"), *given]) == 2
    (project / "all.zip").write_bytes(b"not a zip")
    assert audit.main([str(project / "all.zip"), *given]) == 2
    assert run(project) == 2
    assert run(project, advisory(modified="2026-11-01T00:00:00Z", affected=[])) == 2, "an old export"
    assert audit.main([str(project / "osv.json"), "--project", str(project / "requirements")]) == 2
    assert "bring" in capsys.readouterr().err


def test_the_export_may_be_the_archive_that_osv_offers(project: Path) -> None:
    with zipfile.ZipFile(project / "all.zip", "w") as archive:
        archive.writestr("GHSA-x.json", json.dumps(advisory(published="2026-01-01T00:00:00Z")))
    assert audit.main([str(project / "all.zip"), "--at", AT, "--project", str(project)]) == 1


def test_the_lock_of_this_project_is_read_whole_and_the_times_are_those_of_the_guide() -> None:
    found = audit.locked(ROOT)
    assert len(found) > 50 and {"django", "cryptography", "django-allauth", "granian"} <= set(found)
    pinned = re.findall(r"^\S+==", "\n".join((ROOT / one).read_text() for one in audit.LOCKS), re.MULTILINE)
    assert sum(len(versions) for versions in found.values()) <= len(pinned)
    guide = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    for word, days in audit.DAYS.items():
        assert re.search(rf"\|[^|\n]*{word}[^|\n]*\| {days} days", guide), word
