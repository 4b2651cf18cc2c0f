"""No regular expression of ours can be made to try for ever (ReDoS): what repeats without end holds nothing that does.

That is stricter than need be: an expression whose parts cannot be taken for one another may repeat repetitions. Those
stand in `TOLD_APART` with why, and are shown to be quick where it is hardest for them.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import re._constants as signs  # type: ignore[import-not-found,unused-ignore]
import re._parser as parser  # type: ignore[import-not-found,unused-ignore]
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import safeconduct
import tests.django_world as world

assert world
SOURCE = Path(safeconduct.__file__).parent
CALLS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
#: More repetitions than this are as good as without end.
_MANY = 20
#: Expression → the longest text that is hardest for it. Each has a sign between the repetitions that none of them takes.
TOLD_APART = {
    r"[a-z0-9-]+(\.[a-z0-9-]+)*": "a." * 5000 + "!",
    r"\.(?P<key>[A-Za-z0-9_\-:]+)|\[(?P<index>-?[0-9]{1,4})\]|\[(?P<all>\*)\]|\[\"(?P<quoted>[^\"]+)\"\]"
    r"|\[\?(?P<where>[A-Za-z0-9_\-]+=[^\]&]+(?:&[A-Za-z0-9_\-]+=[^\]&]+)*)\]": "[?" + "a=a&" * 5000 + "!",
}


def written() -> Iterator[str]:
    """Expressions that stand in the source where they are used."""
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS
                and isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
                and isinstance(node.args[0], ast.Constant)
            ):  # fmt: skip
                yield _text(node.args[0].value)


def compiled() -> Iterator[str]:
    """Expressions that modules keep, also where they are put together."""
    for found in pkgutil.walk_packages(safeconduct.__path__, "safeconduct."):
        if "migrations" in found.name or found.name.endswith(("__main__", ".wsgi")):
            continue
        try:
            module = importlib.import_module(found.name)
        except ImportError:  # what is optional
            continue
        yield from _patterns(vars(module).values(), 3)


def _patterns(values: Iterable[Any], depth: int) -> Iterator[str]:
    for value in values:
        if isinstance(value, re.Pattern):
            yield _text(value.pattern)
        elif depth and isinstance(value, (tuple, list, frozenset)):
            yield from _patterns(value, depth - 1)
        elif depth and isinstance(value, dict):
            yield from _patterns(value.values(), depth - 1)


def _text(pattern: Any) -> str:
    return pattern.decode("latin-1") if isinstance(pattern, bytes) else str(pattern)


def repeats_repetitions(pattern: str) -> bool:
    """Whether something without end repeats something without end."""
    return _nested(parser.parse(pattern, re.VERBOSE if "\n" in pattern else 0), endless=False)


def _nested(parts: Any, *, endless: bool) -> bool:
    for sign, told in parts:
        if sign in (signs.MAX_REPEAT, signs.MIN_REPEAT):
            many = told[1] is signs.MAXREPEAT or told[1] > _MANY
            if (many and endless) or _nested(told[2], endless=endless or many):
                return True
        elif any(_nested(inner, endless=endless) for inner in _insides(sign, told)):
            return True
    return False


def _insides(sign: Any, told: Any) -> list[Any]:
    if sign is signs.SUBPATTERN:
        return [told[-1]]
    if sign is signs.BRANCH:
        return list(told[1])
    if sign in (signs.ASSERT, signs.ASSERT_NOT):
        return [told[1]]
    if sign is signs.GROUPREF_EXISTS:
        return [one for one in told[1:] if one is not None]
    return []


def test_nothing_without_end_repeats_what_has_none() -> None:
    found = {*written(), *compiled()}
    assert len(found) > 90
    assert {pattern for pattern in found if repeats_repetitions(pattern)} == TOLD_APART.keys()


@pytest.mark.parametrize("pattern", TOLD_APART)
def test_what_repeats_repetitions_is_quick_where_it_is_hardest(pattern: str) -> None:
    done = threading.Event()

    def tried() -> None:
        re.compile(pattern).fullmatch(TOLD_APART[pattern])
        done.set()

    threading.Thread(target=tried, daemon=True).start()
    assert done.wait(60), "it tries for ever"


def test_the_search_finds_what_is_dangerous() -> None:
    for pattern in (r"(a+)+", r"(?:\w*\s?)*", r"(x|y*)*$", r"(a{1,900}){2,}"):
        assert repeats_repetitions(pattern), pattern
    for pattern in (r"a+b*", r"(?:ab)+", r"[a-z]{1,3}(?:,[a-z]{1,3})*"):
        assert not repeats_repetitions(pattern), pattern
