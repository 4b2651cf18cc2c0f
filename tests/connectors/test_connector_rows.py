"""Files of rows: canonical ones as they are, others by a mapping; every fault with its row and column."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from connector_samples import nothing_is_lost

from safeconduct.connectors import RefusalReason, RowProblem, load_connector, load_text, read_rows

ORDERS = """
connector: my-shop
body: csv
decimal: ","
rules:
  - emit: order.placed
    id: row["Order ID"]
    time: row.created
    data:
      order: row["Order ID"]
      seller: row.seller
      buyer: [row.customer, {path: row.email, as: email, prefix: "guest:"}]
      amount: {money_decimal: row.total, currency: row.currency}
      ship_country: {path: row.country, as: country}
      payment_method: {path: row.pay, map: {CB: card, PP: wallet}}
  - emit: order.cancelled
    when: {path: row.status, equals: cancelled}
    id: row["Order ID"]
    time: row.created
    data: {order: 'row["Order ID"]', seller: row.seller}
"""
HEADING = "Order ID;created;seller;customer;email;total;currency;country;pay;status\n"


def rows(text: str | bytes, mapping: str = ORDERS, limit: int | None = None) -> list[tuple[int, Any]]:
    stream = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return list(read_rows(stream, load_text(mapping, "my-shop.yaml"), limit))


def test_a_row_becomes_its_events() -> None:
    table = HEADING + "1001;2026-06-01T08:00:00Z;sel-1;;Ana@Example.org;1.299,50;EUR;Chile;CB;cancelled\n"
    found = rows("\ufeff" + table)
    assert [(number, event["type"]) for number, event in found] == [(2, "order.placed"), (2, "order.cancelled")]
    placed = found[0][1]
    assert placed["id"] == "1001:order.placed" and placed["source"] == "my-shop"
    assert placed["data"] == {
        "order": "1001", "seller": "sel-1", "buyer": "guest:ana@example.org", "ship_country": "CL",
        "amount": {"minor": 129950, "currency": "EUR"}, "payment_method": "card",
    }  # fmt: skip


def test_each_fault_names_its_row_and_column_and_the_rest_goes_on() -> None:
    table = (
        HEADING
        + "1;2026-06-01T08:00:00Z;sel-1;b;;ten;EUR;CL;CB;\n"
        + "2;yesterday;sel-1;b;;1,00;EUR;CL;CB;\n"
        + "3;2026-06-01T08:00:00Z;;b;;1,00;EUR;CL;CB;\n"
        + '4;2026-06-01T08:00:00Z;"sel\n1";b;;1,00;EUR;Atlantis;??;\n'
        + "5;2026-06-01T08:00:00Z;sel-1;b;;1,00;EUR;CL;CB;;;too many\n"
        + "6;2026-06-01T08:00:00Z;sel-1;b;;1,00;EUR;CL;CB;\n"
    )
    found = rows(table)
    problems = [item for _, item in found if isinstance(item, RowProblem)]
    assert [(p.row, p.column, p.field) for p in problems] == [
        (2, "total, currency", "amount"),
        (3, "created", "time"),
        (4, "seller", "seller"),
        (5, "country", "ship_country"),
        (5, "pay", "payment_method"),
        (7, "", ""),
    ]
    assert str(problems[0]) == "row 2, column total, currency: `ten` is not an amount; write digits such as 12,30"
    assert [number for number, item in found if isinstance(item, dict)] == [8]


def test_a_missing_column_is_said_once_at_the_heading_with_the_nearest_name() -> None:
    found = rows("Order ID;creatd;seller;customer;total;currency\n1;2026-06-01;s;b;1,00;EUR\n")
    assert len(found) == 1
    problem = found[0][1]
    assert (problem.row, problem.column) == (1, "created") and "did you mean `creatd`?" in problem.message


def test_a_dry_run_reads_no_further_than_its_limit() -> None:
    class Counting(io.BytesIO):
        lines = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            self.lines += 1
            return super().readline(size)

    table = HEADING + "".join(f"{n};2026-06-01T08:00:00Z;s;b;;1,00;EUR;CL;CB;\n" for n in range(1000))
    stream = Counting(table.encode())
    assert len(list(read_rows(stream, load_text(ORDERS, "f"), 3))) == 3
    assert stream.lines <= 6


def test_a_large_file_is_read_in_constant_memory(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    line = "1;2026-06-01T08:00:00Z;sel-1;b;;1,00;EUR;CL;CB;\n"
    file.write_text(HEADING + line * 5000)
    mapping = load_text(ORDERS, "f")
    tracemalloc.start()
    count = sum(1 for _ in read_rows(file, mapping))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 5000 and peak < 2_000_000


def test_encodings_are_read_as_named_and_others_are_said() -> None:
    line = "1;2026-06-01T08:00:00Z;Peñaflor;b;;1,00;EUR;CL;CB;\n"
    latin = (HEADING + line).encode("latin-1")
    assert (
        rows(latin, ORDERS.replace("body: csv", "body: csv\nencoding: latin-1"))[0][1]["data"]["seller"] == "Peñaflor"
    )
    problem = rows(latin)[0][1]
    assert (problem.row, problem.reason) == (2, RefusalReason.NOT_TEXT) and "not utf-8" in problem.message
    assert "UTF-16" in rows((HEADING + line).encode("utf-16"))[0][1].message


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"\x00", b'"', b'a;b\n"unclosed', b"a;a\n1;2\n", b"\xef\xbb\xbf"])
def test_files_that_are_no_table_are_problems_and_not_exceptions(raw: bytes) -> None:
    for _, item in rows(raw):
        assert isinstance(item, RowProblem)
    nothing_is_lost(load_connector("csv").read(raw))


CANONICAL = {
    "specversion": "1.0", "id": "1", "source": "shop", "type": "order.placed", "time": "2026-06-01T08:00:00Z",
    "data": {"order": "o-1", "seller": "s", "buyer": "b", "amount": {"minor": 100, "currency": "JPY"}, "items": 2},
}  # fmt: skip


def lines(*objects: Any) -> bytes:
    return "\n".join(o if isinstance(o, str) else json.dumps(o) for o in objects).encode()


def test_canonical_lines_pass_as_they_are() -> None:
    reading = load_connector("jsonl").read(
        lines(CANONICAL, CANONICAL, {**CANONICAL, "id": "2", "type": "orders/create"})
    )
    assert reading.events == [CANONICAL, {**CANONICAL, "id": "2"}]
    nothing_is_lost(reading)


def test_a_wrong_line_says_what_is_wrong_and_the_others_pass() -> None:
    data: dict[str, Any] = dict(CANONICAL["data"])  # type: ignore[call-overload]
    reading = load_connector("jsonl").read(
        lines(
            "{not json",
            {**CANONICAL, "type": "order.place"},
            {**CANONICAL, "data": {**data, "buyr": "x"}},
            {**CANONICAL, "data": {**data, "amount": {"minor": 1.5, "currency": "JPY"}}},
            {**CANONICAL, "data": {**data, "three_ds": "maybe"}},
            {**CANONICAL, "time": None},
            [1],
            CANONICAL,
        )
    )
    assert [(item.position, item.field) for item in reading.refused] == [
        ("line 1", ""), ("line 2", "type"), ("line 3", "buyr"), ("line 4", "amount"), ("line 5", "three_ds"),
        ("line 6", "time"), ("line 7", ""),
    ]  # fmt: skip
    details = " ".join(item.detail for item in reading.refused)
    assert "did you mean `order.placed`?" in details and "did you mean `buyer`?" in details
    assert reading.events == [CANONICAL]


def test_a_table_of_canonical_columns_needs_no_mapping() -> None:
    table = (
        "id,type,time,order,seller,buyer,amount,currency,discount_minor,discount_currency\n"
        "1,order.placed,2026-06-01T08:00:00Z,o-1,s,b,12.30,USD,5,JPY\n"
        "2,order.placed,2026-06-01T08:00:00Z,o-2,s,b,12.30,,,\n"
        "3,refund.created,2026-06-01T08:00:00Z,o-1,s,,1.00,USD,,\n"
    )
    reading = load_connector("csv").read(table.encode())
    assert [event["id"] for event in reading.events] == ["1", "3"]
    data: Any = reading.events[0]["data"]
    assert data["amount"] == {"minor": 1230, "currency": "USD"} and data["discount"] == {"minor": 5, "currency": "JPY"}
    assert [(item.position, item.field) for item in reading.refused] == [("line 3", "amount")]


def test_a_row_without_an_id_of_its_own_is_known_by_what_it_says() -> None:
    mapping = ORDERS.replace('    id: row["Order ID"]\n', "")
    table = HEADING + "1;2026-06-01T08:00:00Z;s;b;;1,00;EUR;CL;CB;\n" + "2;2026-06-01T08:00:00Z;s;b;;1,00;EUR;CL;CB;\n"
    first, second = rows(table, mapping), rows(table, mapping)
    assert [e["id"] for _, e in first] == [e["id"] for _, e in second]
    assert len({e["id"] for _, e in first}) == 2


PRICES = """
connector: prices
body: csv
decimal: "{mark}"
rules:
  - emit: refund.created
    id: row.id
    time: row.at
    data: {{order: row.id, seller: row.id, amount: {{money_decimal: row.total, currency: row.currency}}}}
"""


def amount_of(mark: str, written: str, currency: str = "EUR") -> int | str:
    """The minor units of an amount as a table writes it, or why it is none."""
    table = f'id;at;total;currency\n1;2026-06-01T08:00:00Z;"{written}";{currency}\n'
    [(_, found)] = rows(table, PRICES.format(mark=mark))
    return found.message if isinstance(found, RowProblem) else found["data"]["amount"]["minor"]


@pytest.mark.parametrize(
    ("mark", "written", "currency", "minor"),
    [
        (",", "1.234,50", "EUR", 123450), (",", "1 234,50", "EUR", 123450), (",", "1\u202f234\u00a0567,5", "EUR", 123456750),
        (",", "12,3", "EUR", 1230), (",", "1.234", "EUR", 123400), (",", "12", "JPY", 12), (",", "-0,00", "EUR", 0),
        (".", "1,234.50", "EUR", 123450), (".", "1'234.50", "CHF", 123450), (".", "1,234,567", "JPY", 1234567),
        (".", "1.234", "KWD", 1234), (".", "12.000", "JPY", 12), (".", "1 234 567.891", "KWD", 1234567891),
    ],
)  # fmt: skip
def test_amounts_are_read_as_their_country_writes_them(mark: str, written: str, currency: str, minor: int) -> None:
    assert amount_of(mark, written, currency) == minor


@pytest.mark.parametrize(
    ("mark", "written", "words"),
    [
        (",", "12.30", "points stand between groups of three digits"),
        (",", "1.2345,00", "points stand between groups"),
        (",", "1,234.50", "points stand between groups"),
        (".", "1,234", "can be read in two ways"),
        (".", "12,30", "write digits such as 12.30"),
        (".", "12,34.50", "write digits"),
        (".", "1 23", "write digits"),
        (".", "$12", "write digits"),
    ],
)
def test_an_amount_that_could_be_another_is_refused_and_never_taken_a_hundredfold(
    mark: str, written: str, words: str
) -> None:
    assert words in str(amount_of(mark, written))


def test_rows_that_a_stray_quote_swallows_are_all_named() -> None:
    good = "{};2026-06-01T08:00:00Z;s;b;;1,00;EUR;CL;CB;\n"
    table = HEADING + good.format(1) + '2;"2026;s;b;;1,00;EUR;CL;CB;\n' + "".join(good.format(n) for n in range(3, 9))
    found = rows(table)
    assert [item["id"] for _, item in found if isinstance(item, dict)] == ["1:order.placed"]
    [(number, problem)] = [(number, item) for number, item in found if isinstance(item, RowProblem)]
    assert number == 3 and "rows 3 to 9 stand within one pair of quotes, and none of them is read" in problem.message


def test_a_file_sent_twice_over_counts_once_and_two_rows_of_one_id_are_both_told() -> None:
    other = {**CANONICAL, "time": "2026-06-02T08:00:00Z"}
    many = [{**CANONICAL, "id": str(n)} for n in range(2000)]
    reading = load_connector("jsonl").read(lines(*many, *many, CANONICAL, other, other))
    assert reading.events == [*many, other]


def test_a_file_whose_lines_end_in_the_old_way_says_so() -> None:
    line = "1;2026-06-01T08:00:00Z;s;b;;1,00;EUR;CL;CB;\n"
    for count in (1, 30_000):
        found = rows((HEADING + line * count).replace("\n", "\r"))
        assert len(found) == 1 and "carriage return" in found[0][1].message
    assert len(rows((HEADING + line).replace("\n", "\r\n"))) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [("España", "ES"), ("alemania", "DE"), ("中国", "CN"), ("Côte d’Ivoire", "CI"), ("UK", "GB"), ("es", "ES"), ("Georgia", "GE")],
)  # fmt: skip
def test_countries_are_known_by_their_names_in_the_languages_that_ship(name: str, code: str) -> None:
    [(_, event)] = rows(HEADING + f"1;2026-06-01T08:00:00Z;s;b;;1,00;EUR;{name};CB;\n")
    assert event["data"]["ship_country"] == code
