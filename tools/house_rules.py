"""House rules that no linter knows, checked on the syntax tree. Usage: python tools/house_rules.py FOLDER…

Each message says what to do instead. A line may be excused by a comment ``house-rule: NAME because …``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

Finding = tuple[int, str, str]

#: The only file that may ask Django for a connection: everything else enters a scope.
CONNECTIONS_HOME = ("kernel/scope.py", "config/migrate.py")


def no_float_money(node: ast.AST) -> Iterator[Finding]:
    """Amounts are integers of minor units: never float(), never /."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
        if any(_named_minor(arg) for arg in node.args):
            yield node.lineno, "float-money", "an amount in minor units stays an integer; use foundation.money"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _named_minor(node.left):
        yield node.lineno, "float-money", "dividing an amount makes a float; use // or Decimal, and say the rounding"


def no_naive_time(node: ast.AST) -> Iterator[Finding]:
    """Times are aware and come from a clock that was handed in."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    owner = node.func.value
    if node.func.attr in {"utcnow", "utcfromtimestamp", "today"} and _is_name(owner, "datetime", "date"):
        yield node.lineno, "naive-time", f"{node.func.attr}() has no zone; take a clock, or datetime.now(UTC)"
    if node.func.attr == "now" and _is_name(owner, "datetime") and not node.args and not node.keywords:
        yield node.lineno, "naive-time", "datetime.now() has no zone; take a clock, or datetime.now(UTC)"


def no_commit(node: ast.AST) -> Iterator[Finding]:
    """Application code never commits: a scope is one transaction."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"commit", "rollback"}:
        yield node.lineno, "no-commit", "a scope is one transaction; leave the scope instead of committing"


def connections_only_in_scopes(node: ast.AST) -> Iterator[Finding]:
    """A connection without a scope has no seller and no login of its own."""
    if isinstance(node, ast.ImportFrom) and node.module == "django.db":
        taken = {alias.name for alias in node.names} & {"connection", "connections", "transaction"}
        if taken:
            yield node.lineno, "scoped", f"{', '.join(sorted(taken))}: enter a scope of kernel.scope and use query()"


def no_signals(node: ast.AST) -> Iterator[Finding]:
    """Nothing happens behind the reader's back."""
    if isinstance(node, ast.ImportFrom) and node.module in {"django.db.models.signals", "django.dispatch"}:
        yield node.lineno, "no-signals", "call the logic where it is wanted; signals hide the flow"


def decisions_have_reasons(node: ast.AST) -> Iterator[Finding]:
    """No decision is made without saying why."""
    if not isinstance(node, ast.Call):
        return
    name = ast.unparse(node.func)
    if name in {"Decision", "Decision.objects.create", "Made", "engine.Made"}:
        if not any(keyword.arg in {"reasons", None} for keyword in node.keywords):
            yield node.lineno, "reasons", "a decision needs reasons=; see kernel.decisions.reasons"


RULES = (
    no_float_money,
    no_naive_time,
    no_commit,
    connections_only_in_scopes,
    no_signals,
    decisions_have_reasons,
)


def check(path: Path) -> Iterator[Finding]:
    """What one file breaks."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text, str(path))):
        for rule in RULES:
            if rule is connections_only_in_scopes and path.as_posix().endswith(CONNECTIONS_HOME):
                continue
            for line, name, message in rule(node):
                if f"house-rule: {name} because" not in lines[line - 1]:
                    yield line, name, message


def main(folders: list[str]) -> int:
    found = 0
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            for line, name, message in check(path):
                found += 1
                print(f"{path}:{line}: [{name}] {message}")
    return 1 if found else 0


def _named_minor(node: ast.AST) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name == "minor" or name.endswith("_minor")


def _is_name(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Name) and node.id in names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
