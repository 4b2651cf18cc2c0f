"""A page that is shown once more has in its form what was written there, and nothing else changes."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from safeconduct.kernel.ui.again import refilled

PAGE = """<h1>A <b>case</b></h1>
<form method="post" action="/other/"><textarea name="words">theirs</textarea></form>
<details><summary>More</summary><details class="confirm"><summary>Decide</summary>
<form method="post" action="/decide/"><input type="hidden" name="seen" value="7"><input name="amount" maxlength="9">
<input type="password" name="secret"><input type="file" name="file"><textarea name="words" rows="5">draft</textarea>
<select name="who"><option value="">–</option><option value="buyer" selected>B</option><option value="seller">S</option></select>
<input type="checkbox" name="piece" value="a" checked><input type="checkbox" name="piece" value="b">
<button name="do" value="decide">Decide</button></form></details></details>
<form method="post" action="/decide/"><textarea name="words"></textarea></form>"""


def sent(text: str) -> QueryDict:
    return QueryDict(text)


def test_what_was_written_stands_in_the_form_again_and_the_form_is_open() -> None:
    html = refilled(
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
    html = refilled(PAGE, "/decide/", sent("seen=3&secret=s3cret&file=x&words=w"))
    assert '<input type="hidden" name="seen" value="7">' in html
    assert "s3cret" not in html
    assert '<textarea name="words">theirs</textarea>' in html
    assert '<form method="post" action="/decide/"><textarea name="words"></textarea></form>' in html


@pytest.mark.parametrize("written", ['"><script>alert(1)</script>', "</textarea><b>", "&amp;", "'", "é\u2028\u0085x"])
def test_what_was_written_is_never_markup(written: str) -> None:
    given = QueryDict(mutable=True)
    given.update({"amount": written, "words": written})
    html = refilled(PAGE, "/decide/", given)
    assert "<script>" not in html
    assert html.count("</textarea>") == PAGE.count("</textarea>")
    assert refilled(html, "/decide/", given) == html


def test_a_page_without_the_form_stays_as_it_is() -> None:
    assert refilled(PAGE, "/gone/", sent("words=w")) == PAGE
