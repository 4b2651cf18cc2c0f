"""Templates: what the content policy would refuse is not there; sizes stay small; words are translatable."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.template import Engine
from ui_reading import PACKAGE, UI

from safeconduct.kernel.ui import translations

#: Letters are no pages: no content policy reaches them, and mail programs know no stylesheet.
LETTERS = {"mail.html"}
TEMPLATES = sorted(PACKAGE.rglob("templates/**/*.html"))
STATIC = UI / "static"
#: For developers only, and parts of pages that hold no words.
NOT_TRANSLATED = {"gallery.html"}


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", [p for p in TEMPLATES if p.name not in LETTERS], ids=name)
def test_no_template_needs_an_unsafe_content_policy(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not re.search(r"\sstyle\s*=", source), "use a class: the content policy forbids style attributes"
    assert not re.search(r"<style\b", source), "use the stylesheet"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source), "listen in safeconduct.js"
    assert not re.search(r"javascript:", source)
    for attributes in re.findall(r"<script\b([^>]*)>", source):
        assert "src=" in attributes or 'type="application/json"' in attributes, "no inline script"
    assert not re.search(r"(src|href)=[\"']https?:", source), "nothing is loaded from elsewhere"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_template_is_understood_by_django(path: Path) -> None:
    libraries = {
        "ui": "safeconduct.kernel.ui.templatetags.ui", "ui_parts": "safeconduct.kernel.ui.templatetags.ui_parts",
        "i18n": "django.templatetags.i18n", "static": "django.templatetags.static",
        "allauth": "allauth.templatetags.allauth",
    }  # fmt: skip
    own = {
        p.stem: f"{name(p)[:-3].replace('/', '.')}" for p in PACKAGE.rglob("templatetags/*.py") if p.stem != "__init__"
    }
    libraries.update({k: f"safeconduct.{v}" for k, v in own.items()})
    Engine(libraries=libraries).from_string(path.read_text("utf-8"))


@pytest.mark.parametrize("path", [p for p in TEMPLATES if p.name not in NOT_TRANSLATED], ids=name)
def test_no_words_stand_in_a_template_untranslated(path: Path) -> None:
    source = re.sub(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}", "", path.read_text("utf-8"), flags=re.S)
    source = re.sub(r"<script\b[^>]*application/json.*?</script>", "", source, flags=re.S)  # data, and no words
    source = re.sub(r"\{% blocktrans(late)?\b.*?\{% endblocktrans(late)? %\}", "", source, flags=re.S)
    # Tags and variables first: they may stand inside attributes. "wide" and "home" are classes in blocks of their own.
    bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "\N{NO-BREAK SPACE}", source, flags=re.S)
    named = re.findall(r"\b(?:title|alt|placeholder|aria-label)=[\"']([^\"']+)", bare)
    texts = re.findall(r"(?:^|>)([^<>]+)(?=<|$)", bare) + named
    words = {w for text in texts for w in re.findall(r"[A-Za-z]{3,}", text)} - {
        "Safeconduct", "DSP", "SHA", "CSV", "HTTP", "PDF", "UTC", "wide", "home", "yaml",
    }  # fmt: skip
    assert not words, f"not translatable: {sorted(words)}"


def test_every_message_is_translated_in_every_language_and_compiled() -> None:
    assert translations.problems() == []


def test_a_missing_translation_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translations, "LOCALE", tmp_path)
    translations.update()
    translations.compile_all()
    found = translations.problems()
    assert any(p.startswith("es: not translated: 'Sign in'") for p in found)
    assert not any(p.startswith("en:") for p in found)  # the source language repeats itself


def test_a_lost_placeholder_is_found() -> None:
    from babel.messages.catalog import Message

    assert list(translations._faults(Message("%(n)s left", "queda")))
    assert not list(translations._faults(Message("%(n)s left", "quedan %(n)s")))


def test_messages_are_found_in_templates_and_in_python() -> None:
    template = """{% load i18n %}{% trans "A" %}{% translate 'B' context "verb" %}{{ x|default:_("C") }}
    {% blocktranslate count n=3 trimmed %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}"""
    found = [(f.texts, f.context) for f in translations.messages_of_template(template, "t.html")]
    assert found == [(("A",), None), (("B",), "verb"), (("C",), None), (("%(n)s row", "%(n)s rows"), None)]
    python = 'from django.utils.translation import gettext as _, pgettext_lazy as p\n_("D")\np("c", "E")\n'
    assert [f.texts[0] for f in translations.messages_of_python(python, "x.py")] == ["D", "E"]
    with pytest.raises(translations.ExtractionError, match=r"x\.py:2"):
        list(translations.messages_of_python("from django.utils.translation import gettext as _\n_(name)\n", "x.py"))


def test_sellers_are_not_promised_insurance_nor_told_their_money_is_frozen() -> None:
    chinese = translations.po_path("zh_Hans").read_text("utf-8")
    assert not re.search("(?<!不是)保险|担保|冻结", chinese)  # "not insurance" is what they are told
    spanish = [str(m.string) for m in translations.load("es") if m.id]
    assert not any(re.search(r"\bdevoluci[oó]n\b(?! del producto)", s, re.I) for s in spanish)


@pytest.mark.parametrize(
    ("file", "most_bytes", "most_compressed"),
    [("safeconduct.css", 48_000, 11_000), ("safeconduct.js", 8_192, 3_500), ("safeconduct.svg", 600, 400)],
)
def test_what_every_page_loads_stays_small(file: str, most_bytes: int, most_compressed: int) -> None:
    content = (STATIC / file).read_bytes()
    assert len(content) <= most_bytes
    assert len(gzip.compress(content, 6)) <= most_compressed


def test_the_browser_colours_code_as_the_server_does() -> None:
    from safeconduct.kernel.ui.code import TOKEN

    script = (STATIC / "safeconduct.js").read_text("utf-8")
    match = re.search(r"const TOKEN = /(.+)/g;", script)
    assert match is not None
    assert match.group(1).replace('\\"', '"') == TOKEN.pattern.replace('\\"', '"')


def test_the_stylesheet_reads_right_to_left() -> None:
    css = (STATIC / "safeconduct.css").read_text("utf-8")
    physical = re.findall(
        r"[{;]\s*((?:margin|padding|border)-(?:left|right)|left|right|text-align:\s*(?:left|right))\b", css
    )
    assert physical == []
