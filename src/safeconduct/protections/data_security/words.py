"""Words that several parts of this room share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.ui.parts import Text
from safeconduct.protections.data_security.dated import Sure

#: Languages that texts for outside are written in, each by its own name.
LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "zh": "中文", "es": "Español"}
SURE: Final[Mapping[str, Text]] = {
    Sure.CHECKED: _("read in public sources; counsel confirms"),
    Sure.PAGE: _("read on a public page; counsel confirms"),
    Sure.MEMORY: _("general knowledge, not looked up; counsel confirms"),
    Sure.HOUSE: _("our proposal; no law says it"),
}


def django_language(language: str) -> str:
    """The code under which Django has the words of one of these: its Chinese is told apart by script."""
    return "zh-hans" if language.lower().startswith("zh") else language
