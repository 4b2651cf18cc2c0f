"""Every text in every language as readers get it, word for word; and words that sellers misread are not in them.

Set GOLDEN_WRITE=1 to write the files anew, and read the difference before believing it.
"""

from __future__ import annotations

import os
import re
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from safeconduct.kernel.notices.letters import Item, Letter, letter
from safeconduct.kernel.notices.rendering import Reader, render, summary
from safeconduct.kernel.notices.texts import LANGUAGES, Kind, Text, frame, texts
from safeconduct.kernel.parties.models import User

FOLDER: Final = Path(__file__).parent / "golden"
NOW: Final = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
ZONES: Final = {"en": "America/New_York", "es": "America/Santiago", "zh-hans": "Asia/Shanghai"}
READERS: Final = {language: Reader(language, zoneinfo.ZoneInfo(zone), NOW) for language, zone in ZONES.items()}
SAID: Final = {"en": "A sentence of a rule", "es": "Una frase de una regla", "zh": "规则中的一句话"}
MORE: Final = {"en": "A second sentence", "es": "Una segunda frase", "zh": "第二句话"}


def values_of(text: Text, *, everything: bool) -> dict[str, Any]:
    """Values for a text: all that it has, or only those it cannot do without."""
    examples: dict[Kind, Any] = {
        Kind.ID: "ord-90112", Kind.MONEY: {"minor": 125050, "currency": "USD"},
        Kind.TIME: datetime(2026, 11, 27, 2, 30, tzinfo=UTC), Kind.COUNT: 1200, Kind.WORDS: SAID, Kind.LIST: [SAID, MORE],
        Kind.PERSON: User(name="Li Wei").sealed_name,
    }  # fmt: skip
    return {
        name: value.choices[0] if value.kind is Kind.CHOICE else examples[value.kind]
        for name, value in text.values.items()
        if everything or not value.optional
    }


def item(text: Text, *, everything: bool = True) -> Item:
    values = values_of(text, everything=everything)
    text.check(values)
    return Item("ntc_1", text.code, values, "/portal/orders/7/", NOW, of_seller=text.code != "webhook.off")


#: As `codes.foot` writes it, with a code that is nobody's.
CODE = {
    language: words["code"].format(code="7K2M-9QXR-04TB", url="http://127.0.0.1:8000/message/")
    for language, words in frame().items()
}


def written(made: Letter) -> tuple[str, str]:
    return f"{made.subject}\n\n{made.text}", made.html


def compare(name: str, content: str) -> None:
    file = FOLDER / name
    if os.environ.get("GOLDEN_WRITE"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == content, f"{name} reads otherwise; see the head of this file"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(texts()))
def test_every_mail_reads_as_agreed(code: str, language: str) -> None:
    text, html = written(letter([item(texts()[code])], "Viña del Mar", READERS[language], CODE[language]))
    compare(f"{code}.{language}.txt", text)
    compare(f"{code}.{language}.html", html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_collection_reads_as_agreed(language: str) -> None:
    items = [item(found) for code, found in sorted(texts().items()) if code != "webhook.off"]
    text, html = written(letter(items, "Viña del Mar", READERS[language], CODE[language]))
    compare(f"collection.{language}.txt", text)
    compare(f"collection.{language}.html", html)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(texts()))
def test_a_text_needs_only_what_it_declares_as_needed(code: str, language: str) -> None:
    text = texts()[code]
    rendered = render(code, values_of(text, everything=False), READERS[language])
    assert rendered.paragraphs
    for line in (rendered.subject, rendered.short, *rendered.paragraphs):
        assert not re.search(r"\{[a-z_]+\}", line)
        assert line.strip()
    assert summary(code, values_of(text, everything=True), READERS[language])[0] == rendered.subject


def test_a_long_collection_says_how_many_are_left() -> None:
    text = texts()["payout.sent"]
    made = letter([item(text)] * 60, "Viña del Mar", READERS["en"])
    assert made.subject == "60 notices for Viña del Mar"
    assert "And 10 more in your inbox." in made.text


#: Words that sellers misread: protection is not insurance, money is held and not frozen, and a return
#: and a refund are two things.
MISREAD = {
    "en": [r"(?<!not )insur", r"guarant", r"\bfroze", r"\bfreez"],
    "es": [r"garant", r"congel", r"\bdevolución\b(?! del producto)", r"(?<!No es un )segur[oa]\b(?! de)"],
    "zh-hans": ["担保", "冻结", r"(?<!不属于)保险"],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_sellers_misread_are_not_used(language: str) -> None:
    for text in texts().values():
        words = text.words[language]
        said = [words.subject, words.short, *words.paragraphs, *frame()[language].values()]
        said += [choice for choices in words.choices.values() for choice in choices.values()]
        for word in MISREAD[language]:
            assert not [line for line in said if re.search(word, line, re.IGNORECASE)], f"{text.code}: {word}"


def test_whoever_is_protected_reads_up_to_how_much_and_that_it_is_no_insurance() -> None:
    short = {language: texts()["coverage.protected"].words[language].short for language in LANGUAGES}
    assert all("{amount}" in line for line in short.values())
    assert "not insurance" in short["en"]
    assert "No es un seguro" in short["es"]
    assert "不属于保险" in short["zh-hans"]


def test_every_adverse_notice_has_room_for_reasons_cure_and_appeal() -> None:
    for code in ("decision.adverse", "coverage.void"):
        assert {"reasons", "missing", "cure", "appeal_until"} <= texts()[code].values.keys()
        assert not texts()[code].values["reasons"].optional


def test_a_subject_names_a_case_by_its_end_and_the_notice_by_its_whole_id() -> None:
    values = {
        "case": "cas_01m8kkyekhfpdv8mq4b14dxytg", "kind": {"en": "Dispute"}, "state": {"en": "A mediator proposes"},
    }  # fmt: skip
    reader = Reader("en", zoneinfo.ZoneInfo("UTC"), datetime(2026, 11, 29, tzinfo=UTC))
    told = render("case.moved", values, reader)
    assert told.subject == "Dispute, case \N{HORIZONTAL ELLIPSIS}4dxytg: A mediator proposes"
    assert summary("case.moved", values, reader) == (told.subject, told.short)
    assert any(values["case"] in paragraph for paragraph in told.paragraphs)
