"""Documents say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from safeconduct.config import reference as settings_reference
from safeconduct.kernel.cases import lint
from safeconduct.kernel.cases.pictures import mermaid
from safeconduct.kernel.cases.reading import read_workflow
from safeconduct.kernel.events import reference as events_reference

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("file", "page"),
    [("docs/events.md", events_reference.page), ("docs/configuration.md", settings_reference.page)],
    ids=["events", "configuration"],
)
def test_a_generated_page_is_up_to_date(file: str, page: object) -> None:
    assert (ROOT / file).read_text(encoding="utf-8") == page()  # type: ignore[operator]


@pytest.mark.parametrize("file", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda p: p.name)
def test_every_link_between_documents_leads_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", file.read_text(encoding="utf-8")):
        assert (file.parent / target).exists(), target


def test_a_document_that_is_named_is_one_that_readers_have() -> None:
    """A figure names a source that its reader can look up: where that is a page of ours, it is here."""
    ours = {file.name for file in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]}
    files = [file for kind in ("py", "yaml", "html") for file in ROOT.glob(f"src/**/*.{kind}")]
    named = re.compile(r"(?<![\w-])([\w-]+\.md)\b")
    assert not {
        (file.name, name)
        for file in [*files, *ROOT.glob("docs/**/*.md")]
        for name in named.findall(file.read_text(encoding="utf-8"))
        if name not in ours
    }


def test_the_diagrams_of_workflows_are_those_of_the_texts() -> None:
    drawn = re.findall(r"```mermaid\n(.*?)```", (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8"), re.DOTALL)
    texts = [file.read_text(encoding="utf-8") for file in lint.shipped()[0]]
    assert sorted(drawn) == sorted(mermaid(read_workflow(text)) for text in texts)


def test_the_makefile_has_the_two_commands_of_the_readme() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert {"demo", "test", "lint", "bench", "serve", "help"} <= targets
