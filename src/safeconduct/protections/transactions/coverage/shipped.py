"""The templates that come along."""

from __future__ import annotations

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
