"""Cells of CSV files that come from outside."""

from __future__ import annotations

import csv
import io

import pytest

from safeconduct.kernel.ui.csv_export import text


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＠x"])
def test_no_spreadsheet_takes_a_cell_for_a_formula(cell: str) -> None:
    ((kept, number),) = csv.reader(io.StringIO(text([[cell, -5]]), newline=""))
    assert kept == f"'{cell}" and number == "-5"
