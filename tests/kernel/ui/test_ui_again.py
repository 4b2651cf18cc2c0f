"""A page that is shown once more has in its form what was written there, and nothing else changes."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from safeconduct.kernel.ui.refill import Sent, refilled

PAGE = """<h1>A <b>case</b></h1>
<form method="post" action="/other/"><textarea name="words">theirs</textarea></form>
<details><summary>More</summary><details class="confirm"><summary>Decide</summary>
<form method="post" action="/decide/"><input type="hidden" name="seen" value="7"><input name="amount" maxlength="9">
<input type="password" name="secret"><input type="file" name="file"><textarea name="words" rows="5">draft</textarea>
<select name="who"><option value="">–</option><option value="buyer" selected>B</option><option value="seller">S</option></select>
<input type="checkbox" name="piece" value="a" checked><input type="checkbox" name="piece" value="b">
<button name="do" value="decide">Decide</button></form></details></details>
<form method="post" action="/decide/"><textarea name="words"></textarea></form>"""
ROWS = """<form method="post" action="/end/"><input type="hidden" name="id" value="a"><input name="why"></form>
<form method="post" action="/end/"><input type="hidden" name="id" value="b"><input name="why"></form>
<form method="post"><input name="note"><button formaction="/ask/">Ask</button></form>
<form method="post" action="/all/" id="bulk"><button>Do</button></form><input form="bulk" name="reason">"""


def sent(text: str) -> QueryDict:
    return QueryDict(text)


def again(page: str, action: str, given: QueryDict) -> str:
    html = refilled(page, Sent(action, given))
    assert html is not None
    return html


def test_what_was_written_stands_in_the_form_again_and_the_form_is_open() -> None:
    html = again(
        PAGE, "/decide/", sent("seen=3&amount=12,x&secret=s3cret&words=It+was%0Aempty&who=seller&piece=b&do=decide")
    )
    assert '<input name="amount" maxlength="9" value="12,x">' in html
    assert '<textarea name="words" rows="5">\nIt was\nempty</textarea>' in html
    assert '<option value="buyer">B</option><option value="seller" selected>S</option>' in html
    assert 'name="piece" value="a">' in html
    assert 'name="piece" value="b" checked>' in html
    assert "<details open>" in html
    assert '<details class="confirm" open>' in html


def test_what_the_page_gives_itself_stays_and_no_secret_comes_back() -> None:
    html = again(PAGE, "/decide/", sent("seen=3&secret=s3cret&file=x&words=w"))
    assert '<input type="hidden" name="seen" value="7">' in html
    assert "s3cret" not in html
    assert '<textarea name="words">theirs</textarea>' in html
    assert '<form method="post" action="/decide/"><textarea name="words"></textarea></form>' in html


@pytest.mark.parametrize("written", ['"><script>alert(1)</script>', "</textarea><b>", "&amp;", "'", "é\u2028\u0085x"])
def test_what_was_written_is_never_markup(written: str) -> None:
    given = QueryDict(mutable=True)
    given.update({"amount": written, "words": written})
    html = again(PAGE, "/decide/", given)
    assert "<script>" not in html
    assert html.count("</textarea>") == PAGE.count("</textarea>")
    assert again(html, "/decide/", given) == html


def test_a_form_that_is_gone_is_not_filled_in() -> None:
    assert refilled(PAGE, Sent("/gone/", sent("words=w"))) is None


def test_of_several_forms_to_one_address_the_one_that_was_sent_is_filled() -> None:
    html = again(ROWS, "/end/", sent("id=b&why=Because"))
    assert '<input type="hidden" name="id" value="a"><input name="why">' in html
    assert '<input type="hidden" name="id" value="b"><input name="why" value="Because">' in html


def test_a_form_is_known_by_its_button_s_address_and_by_its_page_s_own_and_its_fields_by_their_form() -> None:
    assert '<input name="note" value="n">' in again(ROWS, "/ask/", sent("note=n"))
    here = refilled(ROWS, Sent("/page/", sent("note=n")), here="/page/")
    assert here is not None and '<input name="note" value="n">' in here
    assert '<input form="bulk" name="reason" value="r">' in again(ROWS, "/all/", sent("reason=r"))


@pytest.mark.parametrize("field", ["amount", "words", "who"])
def test_what_is_wrong_is_said_beside_its_field_and_the_reader_is_brought_there(field: str) -> None:
    html = refilled(PAGE, Sent("/decide/", sent("amount=1&words=w"), field=field, problem="Too <long>"))
    assert html is not None
    start = html.index('aria-describedby="refused_fault" aria-invalid="true" autofocus')
    assert f'name="{field}"' in html[html.rindex("<", 0, start) : html.index(">", start)]
    assert html.count('id="refused_fault"') == 1
    told = html.index('<span class="error" id="refused_fault">')
    assert start < told and "<span>Too &lt;long&gt;</span></span>" in html[told:]


def test_a_file_that_came_has_to_be_chosen_again_and_the_page_says_so() -> None:
    html = refilled(PAGE, Sent("/decide/", sent("words=w"), files=frozenset({"file"})))
    assert html is not None
    assert (
        '<input type="file" name="file" aria-describedby="refused_file"><span class="help" id="refused_file">' in html
    )
    assert 'id="refused_file"' not in again(PAGE, "/decide/", sent("words=w"))
