"""`docs/ledger.md` says what `postings.yaml` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from safeconduct.kernel.ledger import rules
from safeconduct.kernel.ledger.accounts import Kind

PAGE = Path(__file__).resolve().parents[3] / "docs" / "ledger.md"
POSTINGS = Path(rules.__file__).resolve().parent / "postings.yaml"


def test_the_page_has_the_table_of_postings() -> None:
    told = PAGE.read_text(encoding="utf-8").split("<!-- postings: begin -->\n")[1].split("<!-- postings: end -->")[0]
    given: dict[str, Any] = YAML(typ="safe").load(POSTINGS.read_text(encoding="utf-8"))
    rows = [f"| `{event}` | {'<br>'.join(_leg(leg) for leg in one['legs'])} |" for event, one in given.items()]
    assert told.strip().splitlines()[2:] == rows


def test_the_page_names_every_account_and_command() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in Kind if f"`{kind}`" not in page] == []
    assert "safeconduct ledger check" in page


def _leg(leg: dict[str, Any]) -> str:
    other = " (other currency)" if "in" in leg else ""
    return f"{_names(leg['from'])} → {_names(leg['to'])}: {leg['amount']}{other}"


def _names(given: str | list[str]) -> str:
    return given if isinstance(given, str) else ", ".join(given)
