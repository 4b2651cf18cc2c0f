"""Options of connectors as an operator writes them, tables among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeconduct.cli import doctor
from safeconduct.config.connector_options import read_options
from safeconduct.connectors import OptionError, load_connector
from safeconduct.connectors.connector import wrong_options


def test_texts_rows_of_tables_and_files_of_rows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "sellers.csv"
    file.write_text('\ufeff# account, seller\nacct_2,sel-2\n\n"acct_3", "sel-3"\n', encoding="utf-8")
    told = read_options((
        "stripe.default_seller=sel-0", "stripe.sellers.acct_1=sel-1", f"stripe.sellers=@{file}",
        "shopify.sellers.andes.myshopify.com=sel-7",
    ))  # fmt: skip
    assert told == {
        "stripe": {"default_seller": "sel-0", "sellers": {"acct_1": "sel-1", "acct_2": "sel-2", "acct_3": "sel-3"}},
        "shopify": {"sellers": {"andes.myshopify.com": "sel-7"}},
    }


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (("stripe",), "connector.option=value"), (("stripe=1",), "connector.option=value"),
        (("stripe.=1",), "connector.option=value"), (("stripe.sellers.=1",), "connector.option=value"),
        (("stripe.sellers=x", "stripe.sellers.a=b"), "as a text and as a table"),
        (("stripe.sellers=@/nowhere/sellers.csv",), "cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_option_is_named(pairs: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_options(pairs)


@pytest.mark.parametrize(
    ("text", "says"),
    [("acct_1\n", "line 1"), ("acct_1,sel-1\nacct_2,\n", "line 2"), ("a,b,c\n", "line 1"), ("a,b\na,c\n", "twice")],
)
def test_a_row_that_is_none_is_named_by_its_line(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "sellers.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=says):
        read_options((f"stripe.sellers=@{file}",))


@pytest.mark.parametrize("connector", ["stripe", "shopify", "adyen"])
def test_a_table_that_is_given_as_a_text_is_refused_and_not_passed_over(connector: str) -> None:
    assert load_connector(connector).tables == {"sellers"}
    with pytest.raises(OptionError, match=f"{connector}.sellers.KEY=VALUE"):
        load_connector(connector).read(b"{}", {}, {"sellers": "acct_1=sel-1"})
    load_connector(connector).read(b"{}", {}, {"sellers": {"acct_1": "sel-1"}})


def test_options_that_would_refuse_every_delivery_are_told_before_any_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    configured = {"stripe": {"selers": "x"}, "strip": {}, "shopify": {"default_seller": "sel-1"}}
    assert [said.split(": ", 1)[1][:12] for said in wrong_options(configured)] == ["stripe has n", "there is no "]
    monkeypatch.setenv("SAFECONDUCT_CONNECTOR_OPTIONS", "stripe.sellers=acct_1")
    found = doctor.settings()
    assert not found.ok and "stripe.sellers.KEY=VALUE" in found.mend
    monkeypatch.setenv("SAFECONDUCT_CONNECTOR_OPTIONS", "stripe.sellers.acct_1=sel-1")
    assert doctor.settings().ok
