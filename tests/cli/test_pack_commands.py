"""Data that an operator downloads, at the command line: imported, shown, looked up, removed; doctor says how old."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import safeconduct
from tests.foundation.ip_pack.ip_files import CITIES, mmdb, table

NETWORKS = ("network,country,asn", "5.6.0.0/16,FR,3215", "101.80.0.0/12,CN,4812")


def told(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def finding(check: str, **environment: str) -> dict[str, Any]:
    done = safeconduct("doctor", "--json", **environment)
    (found,) = [one for one in json.loads(done.stdout)["checks"] if one["check"] == check]
    return dict(found)


def test_a_table_is_imported_looked_up_and_removed(tmp_path: Path) -> None:
    here = {"SAFECONDUCT_IP_PACK": str(tmp_path / "ip")}
    assert told(safeconduct("ip", "show", "--json", **here)) == {"version": None, "knows": [], "parts": []}
    made = told(
        safeconduct(
            "ip", "import", str(table(tmp_path, *NETWORKS)), "--name", "places", "--date", "2026-05-01", "--licence",
            "CC BY 4.0, Example", "--json", **here,
        )
    )  # fmt: skip
    assert made["knows"] == ["asn", "country"] and made["imported"]["licence"] == "CC BY 4.0, Example"
    assert made["imported"]["made_on"] == "2026-05-01" and made["imported"]["networks"] == 2
    looked = told(safeconduct("ip", "look", "5.6.7.8", "9.9.9.9", "--json", **here))
    assert looked["version"] == made["version"]
    assert looked["addresses"][0] == {
        "address": "5.6.7.8", "country": "FR", "asn": 3215, "coordinates": None, "hidden": None,
    }  # fmt: skip
    assert "9.9.9.9: unknown" in safeconduct("ip", "look", "9.9.9.9", **here).stdout
    assert "places: country, asn, 2 networks; data of 2026-05-01" in safeconduct("ip", "show", **here).stdout
    assert told(safeconduct("ip", "remove", "places", "--json", **here))["parts"] == []
    gone = safeconduct("ip", "remove", "places", **here)
    assert gone.returncode == 1 and "no part 'places'" in gone.stderr


def test_a_maxmind_file_and_a_list_of_exits_make_one_pack(tmp_path: Path) -> None:
    here = {"SAFECONDUCT_IP_PACK": str(tmp_path / "ip")}
    city = mmdb(tmp_path / "city.mmdb", CITIES, "Demo-City", built=datetime(2026, 5, 3, tzinfo=UTC))
    assert safeconduct("ip", "import", str(city), **here).returncode == 0
    said = safeconduct("ip", "import", str(table(tmp_path, "5.6.7.8", name="tor.txt")), "--lists", "tor", **here)
    assert said.returncode == 0 and "not stated" in said.stdout
    (one, other) = told(safeconduct("ip", "look", "5.6.7.8", "5.6.7.9", "--json", **here))["addresses"]
    assert (one["country"], one["hidden"], other["hidden"], one["coordinates"]) == ("FR", ["tor"], [], [48.9, 2.4])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["import", "gone.csv"], 1, "cannot be read"), (["import", "wrong.csv"], 1, "line 2: country is 'Germany'"),
        (["import", "wrong.csv", "--date", "yesterday"], 2, "--date"), (["look", "5.6.7.8"], 1, "import a file first"),
        (["import"], 2, "Missing argument"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_the_way_out(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    table(tmp_path, "network,country", "5.0.0.0/8,Germany", name="wrong.csv")
    named = [str(tmp_path / one) if one.endswith(".csv") else one for one in arguments]
    done = safeconduct("ip", *named, SAFECONDUCT_IP_PACK=str(tmp_path / "ip"), COLUMNS="300")
    assert done.returncode == code and says in done.stderr, done


def test_doctor_says_which_data_are_in_use_and_how_old(tmp_path: Path) -> None:
    here = {"SAFECONDUCT_IP_PACK": str(tmp_path / "ip")}
    assert "unknown" in finding("ip data", **here)["found"]
    today = datetime.now(UTC).date()
    for days, fine in ((10, True), (200, False)):
        day = (today - timedelta(days=days)).isoformat()
        file = str(table(tmp_path, *NETWORKS))
        assert safeconduct("ip", "import", file, "--name", "places", "--date", day, **here).returncode == 0
        found = finding("ip data", **here)
        assert found["ok"] is fine and f"({days} days old)" in found["found"], found
    (tmp_path / "ip" / "pack.json").write_text("{")
    assert not finding("ip data", **here)["ok"]


def test_breached_passwords_are_imported_shown_and_asked_for_by_production(tmp_path: Path) -> None:
    here = {"SAFECONDUCT_VAR": str(tmp_path), "SAFECONDUCT_MODE": "production"}
    refused = safeconduct("doctor", "--json", **here).stdout
    assert "run `safeconduct passwords import`" in refused
    assert safeconduct("passwords", "show", **here).returncode == 1
    source = tmp_path / "pwned.txt"
    source.write_text("\n".join(sorted(hashlib.sha1(f"s{n}".encode()).hexdigest().upper() + ":3" for n in range(9))))
    made = told(safeconduct("passwords", "import", str(source), "--json", **here))
    assert (made["count"], made["source"], made["seen"]) == (9, "pwned.txt", 1)
    assert told(safeconduct("passwords", "show", "--json", **here))["count"] == 9
    assert "run `safeconduct passwords import`" not in safeconduct("doctor", "--json", **here).stdout
    for file, says in (("pwned.txt", "seen 10 times"), ("gone.txt", "no file or folder")):
        done = safeconduct("passwords", "import", str(tmp_path / file), "--seen", "10", **here)
        assert done.returncode == 1 and says in " ".join(done.stderr.split())
    assert Path(made["file"]).stat().st_size == 512 + 9 * 8, "what is refused replaces nothing"
