"""What buyers and sellers are refused about cases is for translators to see: no sentence of it stays behind in English."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src/safeconduct"
#: Where what a party does at a page is refused.
ROOMS = ("protections/disputes/*.py", "protections/returns/*.py", "kernel/cases/*.py", "kernel/claims/errors.py")
#: For whoever writes a program, a preset or a workflow, or holds the marketplace's own keys: nobody at a party's page
#: brings them about.
FOR_PROGRAMS = {
    "cases/blind.py": 1, "cases/dsa.py": 1, "cases/evidence.py": 2, "cases/machine.py": 2, "cases/messages.py": 5,
    "cases/opening.py": 3, "cases/outcomes.py": 8, "cases/seats.py": 1, "returns/terms.py": 4,
}  # fmt: skip
#: What is raised for programs alone.
_NOT_SHOWN = {"ValueError", "KeyError", "RuntimeError", "TypeError", "NotImplementedError", "AssertionError"}


def test_no_refusal_that_a_party_reads_stays_in_english() -> None:
    left: dict[str, list[str]] = {}
    for room in ROOMS:
        for file in sorted(SOURCE.glob(room)):
            found = list(_sentences(ast.parse(file.read_text(encoding="utf-8"))))
            name = f"{file.parent.name}/{file.name}"
            if len(found) != FOR_PROGRAMS.get(name, 0):
                left[name] = found
    assert left == {}, "wrap it in gettext, or say in FOR_PROGRAMS that no party reads it"


def _sentences(tree: ast.Module) -> Iterator[str]:
    """Sentences that stand in a refusal as they are: literal, or put together in the source."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
            continue
        if getattr(node.exc.func, "id", "") in _NOT_SHOWN:
            continue
        for given in (*node.exc.args, *(word.value for word in node.exc.keywords)):
            text = ast.unparse(given) if isinstance(given, ast.JoinedStr) else getattr(given, "value", "")
            if isinstance(text, str) and " " in text:
                yield f"{node.lineno}: {text}"
