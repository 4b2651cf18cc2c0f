"""Tags: values written for the reader, lists as addresses, code with its faults, forms with their errors."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django import forms
from django.http import QueryDict
from django.test import RequestFactory
from ui_reading import NOW, Render

from safeconduct.kernel.ui import formats, parts
from safeconduct.kernel.ui.code import Diagnostic, difference, excerpt, highlight, listing
from safeconduct.kernel.ui.parts import Choice, Contribution, Filter, MenuEntry, Moment, Page, Reason, Shell


@pytest.mark.parametrize(
    ("minor", "currency", "language", "expected"),
    [
        (148800, "CNY", "en", "CN¥1,488.00"),
        (148800, "CNY", "zh-hans", "¥1,488.00"),
        (5000, "JPY", "en", "¥5,000"),
        (1234, "KWD", "en", "KWD1.234"),
        (-995, "USD", "en", "−$9.95"),
        (148800, "EUR", "es", "1.488,00 €"),
    ],
)
def test_money_is_written_as_the_reader_writes_it(minor: int, currency: str, language: str, expected: str) -> None:
    assert formats.money(minor, currency, language).replace("\xa0", " ") == expected


def test_a_deadline_is_told_in_the_readers_zone_with_what_is_left(render: Render) -> None:
    due = NOW + timedelta(hours=21)
    html = render("{% due at %}", at=due, zone="Asia/Shanghai")
    assert ">21h left</b>" in html and "text-warn" in html
    assert "<small>Wed, 25 Nov, 14:00</small>" in html
    assert 'datetime="2026-11-25T06:00:00+00:00"' in html and "2026-11-25 06:00:00 UTC" in html


@pytest.mark.parametrize(
    ("hours", "tone", "said"),
    [(-1, "bad", "1h overdue"), (3, "bad", "3h left"), (5, "warn", "5h left"), (30, "calm", "1d 6h left")],
)
def test_a_deadline_presses_more_the_nearer_it_is(hours: int, tone: str, said: str) -> None:
    assert formats.remaining(NOW + timedelta(hours=hours), NOW, "en") == (said, tone)


def test_time_left_is_said_in_every_language(render: Render) -> None:
    at = NOW + timedelta(days=1, hours=3)
    assert "剩余 1天3小时" in render("{% due at %}", language="zh-hans", at=at)
    assert "quedan 1d 3h" in render("{% due at %}", language="es", at=at)


def test_another_year_is_named(render: Render) -> None:
    assert "2025" in render("{% when at 'absolute' %}", at=datetime(2025, 3, 1, tzinfo=UTC))
    assert ">Sun, 1 Mar, 00:00<" in render("{% when at 'absolute' %}", at=datetime(2026, 3, 1, tzinfo=UTC))


def test_what_is_not_there_is_a_dash(render: Render) -> None:
    assert render("{% when none %}{% due none %}{% money none 'USD' %}{% share none %}", none=None) == "––––"


@pytest.mark.parametrize("action", ["allow", "challenge", "review", "block"])
def test_an_action_has_word_icon_and_colour(render: Render, action: str) -> None:
    html = render("{% action a %}", a=action)
    assert "<svg" in html and re.search(r'class="tag (good|info|warn|bad)"', html) and action.capitalize() in html


def test_values_from_outside_cannot_write_markup(render: Render) -> None:
    evil = "<img src=x onerror=alert(1)>"
    source = """{% tag e %}{% action e %}{% copyable e %}{% tile e e e %}{% empty e e %}{% reasons r %}
      {% contributions c %}{% timeline m %}{% key_values p %}{% diff d %}{% listing e f %}{% diagnostics f e %}
      {% sort_header "k" e %}"""
    html = render(
        source, e=evil, r=[Reason(evil, "review", evil, evil, [(evil, evil)], evil)], c=[Contribution(evil, 1.0)],
        m=[Moment(evil, NOW, evil)], p=[(evil, evil)], d=parts.Diffed(evil, evil + "2"),
        f=[Diagnostic(1, 1, evil, evil)],
    )  # fmt: skip
    assert "<img" not in html


def test_a_link_of_a_list_keeps_the_filters_and_drops_the_cursor() -> None:
    current = QueryDict("kind=order&after=abc&q=4242&tag=a&tag=b&empty=")
    assert parts.query(current, sort="-due") == "?kind=order&q=4242&tag=a&tag=b&sort=-due"
    assert parts.query(current, kind=None) == "?q=4242&tag=a&tag=b"
    assert parts.query(QueryDict(""), q=None) == "?"


@pytest.mark.parametrize(
    ("query", "first", "link", "order"),
    [("", "ascending", "?sort=due", None), ("", "descending", "?sort=-due", None),
     ("sort=due", "ascending", "?sort=-due", "ascending"), ("sort=-due", "ascending", "?sort=due", "descending")],
)  # fmt: skip
def test_a_header_sorts_and_then_turns_around(
    render: Render, query: str, first: str, link: str, order: str | None
) -> None:
    html = render("{% sort_header 'due' 'Due' first=f %}", f=first, request=RequestFactory().get(f"/?{query}"))
    cell = ElementTree.fromstring(html)
    anchor = cell.find("a")
    assert anchor is not None and anchor.get("href") == link and cell.get("aria-sort") == order


def test_a_chosen_filter_takes_itself_away_and_csv_keeps_it(render: Render) -> None:
    kind = Filter("kind", "Kind", [Choice("order", "Order review"), Choice("chb", "Chargeback")], "order")
    html = render("{% filter_bar f %}", f=[kind], request=RequestFactory().get("/?kind=order&sort=due"))
    assert '<a class="chip on" href="?sort=due">Kind: Order review' in html
    assert 'href="?kind=order&amp;sort=due&amp;format=csv"' in html
    assert '<input type="hidden" name="sort" value="due">' in html


def test_a_list_without_more_pages_offers_none(render: Render) -> None:
    assert "rel=" not in render("{% pager p %}", p=Page(shown=3))
    html = render("{% pager p %}", p=Page(next="c2", previous="c0", shown=50, total=1204))
    assert 'href="?after=c2"' in html and 'href="?before=c0"' in html and "50 of 1,204" in html


class AddressForm(forms.Form):
    mail = forms.EmailField(label="E-mail", help_text="Where we write to")


def test_an_error_is_tied_to_its_field(render: Render) -> None:
    html = render("{% form_errors f %}{% field f.mail %}", f=AddressForm({"mail": "no"}))
    assert 'aria-invalid="true"' in html and 'aria-describedby="id_mail_help id_mail_fault"' in html
    assert 'id="id_mail_fault"' in html and '<a href="#id_mail">' in html and "One thing needs a correction" in html


def test_a_confirmation_is_a_post_with_its_token_and_asks_for_a_reason(render: Render) -> None:
    html = render("{% confirm '/x' 'Block' reason='Why' key='b' name='v' value='13' %}", csrf_token="tok")
    assert 'method="post" action="/x"' in html and 'name="csrfmiddlewaretoken" value="tok"' in html
    assert 'name="v" value="13"' in html and re.search(r'name="reason"[^>]*required', html) and 'data-key="b"' in html


def test_contributions_share_one_scale(render: Render) -> None:
    html = render("{% contributions c %}", c=[{"label": "a", "weight": 0.4}, {"label": "b", "weight": -0.1}])
    assert re.findall(r'y="1" width="([\d.]+)"', html) == ["50", "12.5"]
    assert "+0.40" in html and "−0.10" in html


def test_a_fault_is_shown_where_it_is() -> None:
    fault = Diagnostic(2, 9, "Unknown name", "Did you mean b?")
    lines = listing("policy: x\n  when: c > 1\n", [fault])
    assert [(line.number, line.level) for line in lines] == [(1, None), (2, "error")]
    assert excerpt("policy: x\n  when: c > 1\n", fault) == "when: c > 1\n      ^"
    assert listing("one", [Diagnostic(99, 1, "beyond the end")])[0].level == "error"


def test_highlighting_changes_no_character() -> None:
    for line in ("  when: a >= 3 AND b > money('50 USD')  # why", '{en: "x < y & z"}', "", "汉字: 1"):
        assert "".join(ElementTree.fromstring(f"<p>{highlight(line)}</p>").itertext()) == line


def test_a_difference_shows_lines_words_and_what_is_left_out() -> None:
    old = "\n".join(f"line {i}" for i in range(40))
    rows = difference(old, old.replace("line 20", "line twenty"))
    assert [r.kind for r in rows] == ["gap", "same", "same", "same", "del", "add", "same", "same", "same", "gap"]
    assert (rows[0].skipped, rows[-1].skipped) == (17, 16)
    assert "<del>20</del>" in rows[4].html and "<ins>twenty</ins>" in rows[5].html
    assert difference(old, old) == []


@pytest.mark.parametrize(
    ("language", "day", "month"),
    [("en", "1 Jan 2020", "Jan 2020"), ("es", "1 ene 2020", "ene 2020"), ("zh-hans", "2020年1月1日", "2020年1月")],
)
def test_a_day_of_the_calendar_is_the_same_in_every_zone_and_has_its_year(language: str, day: str, month: str) -> None:
    given = date(2020, 1, 1)
    assert (formats.calendar_day(given, language), formats.calendar_month(given, language)) == (day, month)


def test_countries_and_languages_have_names_and_what_is_unknown_stays_as_it_is() -> None:
    assert formats.country_name("CL", "es") == "Chile" and formats.country_name("AU", "zh-hans") == "澳大利亚"
    assert formats.language_name("es-CL", "en") == "Spanish (Chile)"
    assert formats.language_name("zh-hans", "en") == "Chinese" and formats.country_name("", "en") == ""
    assert formats.country_name("QQQ", "en") == "QQQ" and formats.language_name("other", "en") == "other"


def test_a_persons_words_in_another_language_are_marked_after_a_sentence_in_the_readers(render: Render) -> None:
    own = Reason("Nobody answers <the> phone.", gist="A person looked at it and refused it.")
    assert "<q" not in render("{% own_words r %}", r=own)
    html = render("{% own_words r %}", r=Reason(own.text, gist=own.gist, language="es"))
    assert html.startswith("A person looked at it and refused it. <q ") and 'lang="es" title="Spanish"' in html
    assert "&lt;the&gt;" in html
    assert "Nobody…" in render("{% own_words r 7 %}", r=own)


def test_the_menu_stands_under_its_headings_in_their_order_and_counts_what_is_folded_away() -> None:
    menu = [
        MenuEntry("Breaches", "/b/", count=2, tone="bad", group="Data"), MenuEntry("Queue", "/q/"),
        MenuEntry("Requests", "/r/", count=3, group="Data"),
        MenuEntry("Costs", "/c/", group="Money", current=True, also=("/paid/",)),
    ]  # fmt: skip
    first, money, data = Shell(menu, "/", headings=("Orders", "Money", "Data")).groups
    assert [first.label, money.label, data.label] == ["", "Money", "Data"]
    assert (data.count, data.tone, data.open) == (5, "bad", False) and money.open
    assert menu[3].leads_to("/paid/out/") and not menu[3].leads_to("/q/")
