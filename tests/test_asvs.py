"""`docs/asvs.csv`: what OWASP's ASVS 5.0.0 asks for, and where it is shown. What it refers to is there."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "asvs.csv"
GUIDE = ROOT / "docs" / "security.md"
LEVELS = ROOT / "tests" / "asvs_levels.txt"
MET, NOT_APPLICABLE, OPEN = STATUSES = ("met", "not applicable", "open")
#: A path from the top of the project, and of a test its function.
PLACE = re.compile(r"(?:src|tests|docs|tools|requirements)/[\w./-]+(?:::test_\w+)?|pyproject\.toml|Makefile")


@dataclass(frozen=True)
class Line:
    """One requirement. ``evidence``: files, or functions of tests."""

    id: str
    level: str
    status: str
    evidence: Sequence[str]
    note: str


def lines() -> list[Line]:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        assert rows.fieldnames == ["id", "level", "status", "evidence", "note"]
        return [
            Line(r["id"], r["level"], r["status"], [e.strip() for e in r["evidence"].split(";") if e.strip()], r["note"])
            for r in rows
        ]  # fmt: skip


def levels() -> dict[str, str]:
    """Requirement → level, in the order of the standard."""
    sections = [text.split() for text in LEVELS.read_text().splitlines() if not text.startswith("#")]
    return {
        f"{section}.{number}": level for section, digits in sections for number, level in enumerate(digits, start=1)
    }


def faults(line: Line) -> Iterator[str]:
    """What is wrong with a line."""
    if line.status not in STATUSES:
        yield f"{line.status!r} is no status"
    if line.status == MET and not line.evidence:
        yield "met, but nothing shows it"
    if line.status != MET and not line.note.strip():
        yield f"{line.status}, but not why"
    for place in line.evidence:
        path, _, function = place.partition("::")
        if not PLACE.fullmatch(place):
            yield f"{place} names neither a file nor a test"
        elif not (ROOT / path).is_file():
            yield f"{path} is not there"
        elif function and function not in functions(path):
            yield f"{path} has no {function}"
        elif path.startswith("tests/") and Path(path).name.startswith("test_") and not function:
            yield f"{path} is a file of many tests; name the one"


@cache
def functions(path: str) -> frozenset[str]:
    """The functions of a file of tests."""
    nodes = ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_each_requirement_stands_there_once_with_its_level_in_order() -> None:
    assert len(levels()) == 345
    assert [(line.id, line.level) for line in lines()] == list(levels().items())


def test_requirements_and_levels_are_those_of_the_standard(shared_data: Path) -> None:
    source = shared_data / "security" / "ASVS_5.0.0_en.flat.json"
    if not source.is_file():
        pytest.skip("the standard's own file is absent")
    asked = json.loads(source.read_text(encoding="utf-8"))["requirements"]
    assert {one["req_id"]: one["L"] for one in asked} == levels()


def test_each_line_says_where_it_is_shown_or_why_it_is_not_and_what_it_names_is_there() -> None:
    assert [f"{line.id}: {fault}" for line in lines() for fault in faults(line)] == []


@pytest.mark.parametrize(
    ("status", "evidence", "note", "fault"),
    [
        ("done", [], "yes", "'done' is no status"),
        (MET, [], "surely", "met, but nothing shows it"),
        (OPEN, [], " ", "open, but not why"),
        (NOT_APPLICABLE, [], "", "not applicable, but not why"),
        (MET, ["src/safeconduct/nowhere.py"], "", "src/safeconduct/nowhere.py is not there"),
        (MET, ["tests/test_asvs.py::test_nothing"], "", "tests/test_asvs.py has no test_nothing"),
        (MET, ["tests/test_asvs.py"], "", "tests/test_asvs.py is a file of many tests; name the one"),
        (MET, ["everybody knows"], "", "everybody knows names neither a file nor a test"),
    ],
)
def test_a_line_that_shows_nothing_is_found(status: str, evidence: list[str], note: str, fault: str) -> None:
    assert list(faults(Line("V1.1.1", "2", status, evidence, note))) == [fault]


def test_the_guide_counts_what_the_file_says() -> None:
    counts = Counter((level, line.status) for line in lines() for level in (line.level, "all"))
    table = [f"| {level} | {' | '.join(str(counts[level, s]) for s in STATUSES)} |" for level in ("1", "2", "3", "all")]
    assert "\n".join(table) in GUIDE.read_text(encoding="utf-8"), "write into docs/security.md:\n" + "\n".join(table)
