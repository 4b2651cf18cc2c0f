"""The page about templates says all there is, and its example is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from safeconduct.foundation.policy.diagnostics import Findings, Source
from safeconduct.foundation.policy.yaml_reader import Mapping, Node, read_yaml
from safeconduct.protections.transactions.coverage.reading import (
    FIELDS_OF_KINDS,
    LIMITS,
    TOP,
    TemplateError,
    read_template,
)
from safeconduct.protections.transactions.coverage.shipped import shipped_templates
from safeconduct.protections.transactions.coverage.words import Cause, Kind, Parcels, Start, Sure

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "coverage-templates.md").read_text(encoding="utf-8")
TOLD = {word for piece in re.findall(r"`([^`\n]+)`", PAGE) for word in piece.replace(":", "").split(".")}


def keys_of(node: Node) -> set[str]:
    """All keys of a text but the names that authors choose."""
    if not isinstance(node, Mapping):
        return set()
    found = set(node.items)
    for name, (_, child) in node.items.items():
        below = keys_of(child)
        if name == "conditions" and isinstance(child, Mapping):
            below -= set(child.items) - {kind.value for kind in Kind}
        found |= below
    return found


@pytest.mark.parametrize("name", sorted(shipped_templates()))
def test_every_key_of_the_shipped_templates_is_described(name: str) -> None:
    root = read_yaml(Findings(Source(shipped_templates()[name].text)))
    assert root is not None
    assert keys_of(root) - TOLD == set()


def test_every_key_and_word_that_a_template_may_have_is_described() -> None:
    of_kinds = {field for needed, allowed in FIELDS_OF_KINDS.values() for field in (*needed, *allowed)}
    words = {word.value for closed in (Cause, Kind, Parcels, Start, Sure) for word in closed}
    assert ({*TOP, *LIMITS, "excludes"} | of_kinds | words) - TOLD == set()


def test_the_example_is_a_template() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    template = read_template(example)
    assert {covered.cause for covered in template.covered} == {Cause.UNAUTHORISED, Cause.NOT_RECEIVED}


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.value)
def test_the_table_of_kinds_names_the_fields_each_kind_takes(kind: Kind) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{kind.value}` |")]
    needed, allowed = FIELDS_OF_KINDS[kind]
    takes = row.rsplit("|", 2)[1]
    assert set(re.findall(r"`([^`]+)`", takes)) == {*needed, *allowed}
    assert set(re.findall(r"`([^`]+)` \(must\)", takes)) == set(needed)


def test_a_condition_that_cannot_be_read_is_reported_once_and_not_again_where_it_is_used() -> None:
    text = shipped_templates()["jd-like"].text.replace("kind: shipped", "kind: shiped", 1)
    with pytest.raises(TemplateError) as refused:
        read_template(text)
    (only,) = refused.value.found
    assert (only.message, only.hint) == ("kind: `shiped` is not known here", "did you mean `shipped`?")
