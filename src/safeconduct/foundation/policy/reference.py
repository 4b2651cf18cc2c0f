"""The generated parts of the language's reference page: functions, special forms and limits, as Markdown.

``python -m safeconduct.foundation.policy.reference`` prints them; with the path of the page, it writes them into it,
between the lines ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from safeconduct.foundation.policy import (
    expressions,
    features,
    policy_tests,
    reader,
    rules,
    shape,
    tokens,
    weight,
    yaml_reader,
)
from safeconduct.foundation.policy.durations import write_duration
from safeconduct.foundation.policy.functions import FUNCTIONS, MAX_ARGUMENTS, SPECIAL_FORMS, Function, Nulls

_ON_UNKNOWN = {
    Nulls.SPREAD: "unknown",
    Nulls.SKIP: "left out; unknown only if all are",
    Nulls.OWN: "see the meaning",
}


def functions_table() -> str:
    """Every admitted function: how it is called, its result, what an unknown argument does, what it means."""
    lines = ["| function | result | an unknown argument | meaning |", "|---|---|---|---|"]
    for function in FUNCTIONS.values():
        calls = "<br>".join(f"`{call}`" for call, _ in _calls(function))
        results = "<br>".join(result for _, result in _calls(function))
        lines.append(f"| {calls} | {results} | {_ON_UNKNOWN[function.nulls]} | {function.meaning} |")
    return "\n".join(lines) + "\n"


def forms_table() -> str:
    """The forms that look like functions and are part of the language itself."""
    lines = ["| written | meaning |", "|---|---|"]
    lines += [f"| `{form}` | {meaning} |" for form, meaning in SPECIAL_FORMS.values()]
    return "\n".join(lines) + "\n"


def limits_table() -> str:
    """What is bounded, and where."""
    limits = (
        ("characters of a file", yaml_reader.MAX_CHARACTERS),
        ("YAML values in a file", yaml_reader.MAX_NODES),
        ("levels of YAML", yaml_reader.MAX_DEPTH),
        ("rules", rules.MAX_RULES),
        ("features", features.MAX_FEATURES),
        ("tests of one list", policy_tests.MAX_TESTS),
        ("characters of a condition", tokens.MAX_CHARACTERS),
        ("words and signs of a condition", tokens.MAX_TOKENS),
        ("levels of a condition", expressions.MAX_TREE_DEPTH),
        ("parts of all conditions, as they are written out for a database", weight.MAX_WEIGHT),
        ("characters of a text in a condition", tokens.MAX_TEXT),
        ("values of a set `IN (…)`", expressions.MAX_SET),
        ("arguments of a repeating function", MAX_ARGUMENTS),
        ("characters of a reason", shape.MAX_SENTENCE),
    )
    lines = ["| what | at most |", "|---|---|"]
    lines += [f"| {what} | {most:,} |" for what, most in limits]
    shortest, longest = write_duration(features.MIN_WINDOW_US), write_duration(features.MAX_WINDOW_US)
    lines.append(f"| a window (`over:`) | {shortest} to {longest} |")
    budget = f"1 ms to {reader.MAX_BUDGET_MS:,} ms; {reader.DEFAULT_BUDGET_MS} ms if none is named"
    lines.append(f"| a time budget | {budget} |")
    return "\n".join(lines) + "\n"


def sections() -> Mapping[str, str]:
    """The generated sections of the page by name."""
    return {"functions": functions_table(), "forms": forms_table(), "limits": limits_table()}


def filled(page: str) -> str:
    """The page with its generated sections written anew. Raises ValueError where the page lacks a section's marks."""
    for name, text in sections().items():
        begin, end = f"<!-- generated: {name} -->\n", f"<!-- end: {name} -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the page has no section {name}: put `{begin.strip()}` and `{end}` where it belongs")
        page = f"{before}{begin}{text}{end}{after}"
    return page


def _calls(function: Function) -> Iterator[tuple[str, str]]:
    for signature in function.signatures:
        names = [kind.value for kind in signature.parameters] + (["…"] if signature.repeats else [])
        if function.zone_at is not None and len(signature.parameters) > function.zone_at:
            names[function.zone_at] = "'Area/City'"
        yield f"{function.name}({', '.join(names)})", signature.result.value


def main(arguments: list[str]) -> None:
    """Prints the sections, or writes them into the page named."""
    if arguments:
        path = Path(arguments[0])
        path.write_text(filled(path.read_text("utf-8")), "utf-8")
    else:
        sys.stdout.write("\n".join(sections().values()))


if __name__ == "__main__":
    main(sys.argv[1:])
