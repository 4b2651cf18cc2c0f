"""The templates that come along, and which of several was in force on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from safeconduct.protections.transactions.coverage.reading import read_template
from safeconduct.protections.transactions.coverage.template import Template

_FOLDER: Final = Path(__file__).resolve().parent.parent / "templates"
#: The one that is put in force where there is none.
DEFAULT: Final = "jd-like"


@lru_cache(maxsize=1)
def shipped_templates() -> dict[str, Template]:
    """The templates of the package by name. Raises TemplateError where one is malformed."""
    found = (read_template(file.read_text(encoding="utf-8"), file.name) for file in sorted(_FOLDER.glob("*.yaml")))
    return {template.name: template for template in found}


def in_force(versions: Iterable[Template], day: date) -> Template | None:
    """The version that counts for an order of this day: the latest that was valid by then. None before the first."""
    return max((v for v in versions if v.valid_from <= day), key=lambda v: v.valid_from, default=None)
