"""The interface asks the database nothing."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from ui_reading import NOW, Render


@pytest.fixture(autouse=True)
def empty_database() -> None:
    """Stands in for the kernel's: here there is nothing to empty."""


@pytest.fixture
def render() -> Render:
    """Renders a template's source for a reader of a language and a zone, at a fixed moment."""
    from django.template import Context, Template
    from django.utils import translation

    from safeconduct.kernel.ui.reader import Reader

    def rendered(source: str, language: str = "en", zone: str = "UTC", **context: object) -> str:
        reader = Reader(language, "", ZoneInfo(zone), NOW)
        with translation.override(language):
            return Template("{% load ui ui_parts %}" + source).render(Context({"reader": reader, **context})).strip()

    return rendered
