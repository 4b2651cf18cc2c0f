"""`cases publish`: whose terms are in force, from when, by whose word. `cases fairness`: the figures. `cases draw`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.kernel.builders import person

from safeconduct.cli import cases
from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases.lint import shipped as shipped_files
from safeconduct.kernel.scope import engine_scope


def publish(preset: str, author: str, approver: str, kind: str = "dispute") -> int:
    return cases.publish(preset, kind=kind, author=author, approver=approver, why="ours", since=None, as_json=True)


def test_a_preset_that_ships_is_put_in_force_by_two_people(capsys: pytest.CaptureFixture[str]) -> None:
    publishing.forget()
    author, approver = person().email, person().email
    assert publish("ebay-like", author, approver) == 0
    told = json.loads(capsys.readouterr().out)
    with engine_scope():
        (key, workflow) = publishing.in_force(["dispute"], datetime.now(UTC) + timedelta(minutes=1))["dispute"]
    assert key == told["id"]
    clock = workflow.states["open"].clock
    assert clock is not None
    assert str(clock.term) == "3 working days"


@pytest.mark.parametrize(
    ("preset", "kind", "said"),
    [("nobody-like", "dispute", "no preset nobody-like ships"), ("ebay-like", "quarrel", "no kind of case quarrel")],
)
def test_what_is_not_there_is_named(preset: str, kind: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        publish(preset, person().email, person().email, kind)
    assert said in capsys.readouterr().err


def test_one_person_alone_publishes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    alone = person().email
    with pytest.raises(SystemExit):
        publish("ebay-like", alone, alone)
    assert "a second person" in capsys.readouterr().err


def test_the_fairness_report_is_told_in_json_and_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    day = datetime(2026, 6, 1, tzinfo=UTC)
    assert cases.fairness(since=day, until=day, public=True, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["since"], told["until"]) == ("2026-06-01T00:00:00+00:00", "2026-06-02T00:00:00+00:00")
    assert told["platform_misses"] == []
    assert cases.fairness(since=None, until=None, public=False, as_json=False) == 0
    assert "overturned on appeal" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cases.fairness(since=day, until=datetime(2026, 5, 1, tzinfo=UTC), public=False, as_json=False)
    assert "is not before --until" in capsys.readouterr().err


def test_a_workflow_is_drawn_with_a_marketplaces_terms(capsys: pytest.CaptureFixture[str]) -> None:
    assert cases.draw("dispute", preset="", language="en") == 0
    neutral = capsys.readouterr().out
    assert cases.draw("dispute", preset="ebay-like", language="es") == 0
    told = capsys.readouterr().out
    assert neutral.startswith("stateDiagram-v2\n") and told.startswith("stateDiagram-v2\n")
    assert "3 working days" in told and neutral != told


@pytest.mark.parametrize(
    ("kind", "preset", "language", "said"),
    [
        ("quarrel", "", "en", "no workflow quarrel ships; there are dispute"),
        ("dispute", "nobody-like", "en", "no preset nobody-like ships"),
        ("dispute", "", "fr", "told in en, zh, es, not in fr"),
    ],
)
def test_what_cannot_be_drawn_is_named(
    kind: str, preset: str, language: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cases.draw(kind, preset=preset, language=language)
    assert said in capsys.readouterr().err


def test_a_linter_tells_programs_the_file_and_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cases.lint([], as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"findings": []}
    (shipped, *_), _presets = shipped_files()
    bad = tmp_path / "workflow.yaml"
    bad.write_text(shipped.read_text(encoding="utf-8").replace("silence: escalate", "silence: {do: withdraw}", 1))
    assert cases.lint([bad], as_json=True) == 1
    assert {one["file"] for one in json.loads(capsys.readouterr().out)["findings"]} == {"workflow.yaml"}
