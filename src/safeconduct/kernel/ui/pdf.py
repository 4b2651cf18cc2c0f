"""Documents as PDF, made by typst from a template and data: the same input makes the same bytes on the same machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typst import Fonts

#: What travels with the program, so that names and addresses in Chinese and Arabic are no boxes on a bare machine.
_OURS: Final = Path(__file__).resolve().parent / "typefaces"
#: Families by preference: those of the systems Safeconduct runs on, then what is part of typst or travels with us.
_LATIN: Final = ("Noto Sans", "Liberation Sans", "DejaVu Sans", "Helvetica Neue", "Arial", "Libertinus Serif")
_CHINESE: Final = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "Noto Serif CJK SC", "PingFang SC", "Microsoft YaHei", "SimSun", "Droid Sans Fallback",
)  # fmt: skip
_PAGE: Final = re.compile(rb"/Type\s*/Page\b(?!s)")
_ARABIC: Final = ("Noto Sans Arabic", "Noto Naskh Arabic", "Noto Kufi Arabic", "Geeza Pro")


def typefaces(language: str) -> tuple[str, list[str]]:
    """The language a document can be written in, and the families that are there, in order of preference.

    Where the machine has no font with Chinese, a Chinese document is written in English: boxes would tell nobody
    anything.
    """
    there = set(_fonts().families())
    order = (*_LATIN, *_CHINESE, *_ARABIC)
    if language.startswith("zh"):
        if there & set(_CHINESE):
            order = (*_CHINESE, *_LATIN, *_ARABIC)
        else:
            language = "en"
    return language, [family for family in order if family in there]


def compiled(
    template: Path, inputs: Mapping[str, str], at: datetime, files: Mapping[str, bytes] | None = None
) -> bytes:
    """The template's document with these inputs, dated ``at``. ``files``: what it reads, by plain names.

    Raises typst.TypstError where it cannot be made: of what comes from outside, pictures that are none.
    """
    with TemporaryDirectory() as folder:
        root = Path(folder)
        source = root / template.name
        source.write_bytes(template.read_bytes())
        for name, content in (files or {}).items():
            (root / name).write_bytes(content)
        return _compiled(source, inputs, at)


def pages(document: bytes) -> int:
    """How many pages a document has that was made here."""
    return len(_PAGE.findall(document))


def _compiled(source: Path, inputs: Mapping[str, str], at: datetime) -> bytes:
    import typst

    compiler = typst.Compiler(source, root=source.parent, font_paths=_fonts())
    made = compiler.compile(format="pdf", sys_inputs=dict(inputs), timestamp=int(at.timestamp()))
    assert isinstance(made, bytes)
    return made


@lru_cache(maxsize=1)
def _fonts() -> Fonts:
    """The machine's fonts and ours, looked for once: that takes half a second."""
    import typst

    return typst.Fonts(font_paths=[str(_OURS)])
