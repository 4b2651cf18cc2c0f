"""Files that an operator downloads become a pack: checked line by line, replaced whole or not at all, never guessed."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from ipaddress import ip_address, ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.foundation.ip_pack.ip_files import CITIES, mmdb, table

from safeconduct.foundation.ip_pack import importing
from safeconduct.foundation.ip_pack.facts import NOTHING, IpFacts, facts_of_record
from safeconduct.foundation.ip_pack.importing import Given, ImportRefused
from safeconduct.foundation.ip_pack.pack import LIST, Pack, PackBroken, current
from safeconduct.foundation.ip_pack.ranges import apart, range_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def imported(folder: Path, file: Path, **said: Any) -> Pack:
    return importing.add(folder / "pack", Given(file, **said), at=NOW)[1]


def test_a_table_says_country_network_and_place_and_the_smallest_network_decides(tmp_path: Path) -> None:
    file = table(
        tmp_path, "network,country,asn,latitude,longitude,vpn", "5.0.0.0/8,de,AS3320,,,", "5.6.0.0/16,FR,3215,48.9,2.4,",
        "5.6.7.8/32,,,,,1", "2a00::/12,NL,,,,",
    )  # fmt: skip
    pack = imported(tmp_path, file, made_on=date(2026, 5, 1), licence="our own")
    paris, exit_, bonn, nether, elsewhere, none, lan = pack.look_up(
        ["5.6.7.7", "::ffff:5.6.7.8", "5.200.0.1", "2a02::1", "9.9.9.9", "nowhere", "10.0.0.1"]
    )
    assert paris == IpFacts("FR", 3215, (48.9, 2.4), frozenset())
    assert exit_.hidden == {"vpn"} and exit_.proxy and exit_.country is None
    assert (bonn.country, bonn.asn, bonn.coordinates) == ("DE", 3320, None)
    assert nether.country == "NL" and elsewhere.country is None and elsewhere.proxy is False
    assert none == lan == NOTHING, "what is no public address is unknown, not clean"
    (part,) = pack.parts
    assert (part.made_on, part.licence, part.source, part.networks) == (date(2026, 5, 1), "our own", file.name, 6)


@pytest.mark.parametrize(
    ("record", "facts"),
    [
        (CITIES["5.6.0.0/16"], IpFacts("FR", None, (48.9, 2.4), None)),
        ({"autonomous_system_number": 3320, "autonomous_system_organization": "x"}, IpFacts(None, 3320)),
        ({"country_code": "KR", "latitude": "37.5", "longitude": "127.0"}, IpFacts("KR", None, (37.5, 127.0))),
        ({"country": "Germany", "country_code": "DE", "asn": "AS3320"}, IpFacts("DE", 3320)),
        ({"is_anonymous": True, "is_tor_exit_node": True}, IpFacts(hidden=frozenset({"tor"}))),
        ({"is_anonymous": True}, IpFacts(hidden=frozenset({"proxy"}))),
        ({"hosting": "true", "vpn": "", "relay": ""}, IpFacts(hidden=frozenset({"hosting"}))),
        ({"hosting": False}, IpFacts(hidden=frozenset())),
        ({"location": {"latitude": 51.0, "longitude": 9.0, "accuracy_radius": 500}}, NOTHING),
        ({"country": {"iso_code": 7}, "asn": -1, "latitude": 91, "longitude": 0, "lat": 1, "lng": 181}, NOTHING),
    ],
)
def test_records_of_the_usual_providers_are_read_and_nothing_is_made_of_nonsense(
    record: dict[str, Any], facts: IpFacts
) -> None:
    assert facts_of_record(record) == facts


def test_a_maxmind_file_says_its_own_day_and_parts_complete_each_other(tmp_path: Path) -> None:
    city = mmdb(tmp_path / "city.mmdb", CITIES, "Demo-City", built=datetime(2026, 5, 3, tzinfo=UTC))
    assert imported(tmp_path, city).look_up(["5.6.7.8"])[0].asn is None
    exits = table(tmp_path, "# Tor exits", "5.6.7.8", "2a00::1", name="exits.txt")
    imported(tmp_path, exits, lists="tor")
    pack = imported(tmp_path, table(tmp_path, "network,asn", "5.6.0.0/16,3215"))
    here, there = pack.look_up(["5.6.7.8", "5.6.7.9"])
    assert here == IpFacts("FR", 3215, (48.9, 2.4), frozenset({"tor"}))
    assert there.hidden == frozenset()
    named = {part.name: part for part in pack.parts}
    assert named["demo-city"].made_on == date(2026, 5, 3) and named["demo-city"].licence == "Made up for tests"
    assert named["exits"].made_on == date(2026, 5, 20), "a text says nothing of its day but when it was written"
    assert pack.knows == {"country", "asn", "coordinates", "hidden"}


def test_the_same_name_replaces_and_another_version_says_so(tmp_path: Path) -> None:
    first = imported(tmp_path, table(tmp_path, "network,country", "5.0.0.0/8,DE"), name="places")
    second = imported(tmp_path, table(tmp_path, "network,country", "5.0.0.0/8,FR"), name="places")
    assert first.version != second.version and len(second.parts) == 1
    assert second.look_up(["5.0.0.1"])[0].country == "FR"
    assert first.look_up(["5.0.0.1"])[0].country == "DE", "who has the pack of before open goes on reading it"
    assert len(list((tmp_path / "pack").glob("part-*"))) == 1
    assert importing.remove(tmp_path / "pack", "places") == ()
    with pytest.raises(ImportRefused, match="no part 'places'"):
        importing.remove(tmp_path / "pack", "places")


def test_a_process_opens_a_pack_once_and_again_after_an_import(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    assert current(folder) is None
    imported(tmp_path, table(tmp_path, "network,country", "5.0.0.0/8,DE"), name="places")
    one = current(folder)
    assert one is not None and current(folder) is one
    imported(tmp_path, table(tmp_path, "network,country", "5.0.0.0/8,FR"), name="places")
    other = current(folder)
    assert other is not None and other is not one and other.look_up(["5.0.0.1"])[0].country == "FR"
    importing.remove(folder, "places")
    assert current(folder) is None


def test_compressed_files_are_unpacked(tmp_path: Path) -> None:
    city = mmdb(tmp_path / "city.mmdb", CITIES, "Demo-City", built=NOW)
    packed = tmp_path / "city.mmdb.gz"
    packed.write_bytes(gzip.compress(city.read_bytes()))
    assert imported(tmp_path, packed).look_up(["5.6.7.8"])[0].country == "FR"
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"network,country\n5.0.0.0/8,DE\n")[:-9])
    with pytest.raises(ImportRefused, match="cannot be read"):
        imported(tmp_path, tmp_path / "cut.csv.gz")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["5.0.0.0/8,DE"], "first line must name the columns"),
        (["network,city", "5.0.0.0/8,Bonn"], "first line must name the columns"),
        (["network,country"], "has no networks"),
        (["network,country", "5.0.0.1/8,DE"], "line 2: 5.0.0.1/8 has host bits set"),
        (["network,country", "5.0.0.0/8,DE", "everywhere,DE"], "line 3: 'everywhere'"),
        (["network,country", "5.0.0.0/8,Germany"], "line 2: country is 'Germany'"),
        (["network,asn", "5.0.0.0/8,AS-ONE"], "line 2: asn is 'AS-ONE'"),
        (["network,country,latitude,longitude", "5.0.0.0/8,DE,51,"], "line 2: latitude and longitude must both"),
        (["network,vpn", "5.0.0.0/8,maybe"], "line 2: vpn is 'maybe'"),
        (["network,country", "5.0.0.0/8,DE", "5.0.0.0/8,FR"], "line 3: this network stood there before"),
        (["network,country", "5.0.0.0/8,"], "knows neither countries nor"),
    ],
)
def test_a_wrong_line_is_named_and_changes_nothing(tmp_path: Path, lines: list[str], says: str) -> None:
    before = imported(tmp_path, table(tmp_path, "network,country", "9.0.0.0/8,US"), name="places").version
    with pytest.raises(ImportRefused, match=says.replace("(", r"\(")):
        imported(tmp_path, table(tmp_path, *lines), name="places")
    after = current(tmp_path / "pack")
    assert after is not None and after.version == before
    assert sorted(file.name[:5] for file in (tmp_path / "pack").iterdir()) == ["lock", "pack.", "part-"]


def test_files_that_are_none_are_refused_with_the_way_out(tmp_path: Path) -> None:
    city = mmdb(tmp_path / "city.mmdb", CITIES, "Demo-City", built=NOW)
    (tmp_path / "cut.mmdb").write_bytes(city.read_bytes()[:-200])
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00\x81" * 10)
    useless = mmdb(tmp_path / "useless.mmdb", {"5.0.0.0/8": {"city": "Bonn"}}, "Towns", built=NOW)
    for file, said, says in (
        (tmp_path / "cut.mmdb", {}, "no whole MaxMind-DB file"), (tmp_path / "bytes.csv", {}, "neither a MaxMind-DB"),
        (tmp_path / "gone.csv", {}, "cannot be read"), (useless, {}, "knows neither countries"),
        (city, {"lists": "vpn"}, "--lists is for plain lists"), (city, {"name": "Über alles"}, "the name"),
        (city, {"made_on": date(2026, 6, 2)}, "still to come"),
        (table(tmp_path, "5.0.0.0/8"), {"lists": "wlan"}, "it can be hosting"),
    ):  # fmt: skip
        with pytest.raises(ImportRefused, match=says):
            imported(tmp_path, file, **said)
    assert current(tmp_path / "pack") is None


def test_a_pack_that_was_damaged_says_which_file_and_how_to_mend_it(tmp_path: Path) -> None:
    pack = imported(tmp_path, table(tmp_path, "network,country", "5.0.0.0/8,DE"))
    file = pack.folder / pack.parts[0].file
    file.write_bytes(file.read_bytes()[:-1])
    (pack.folder / LIST).touch()
    with pytest.raises(PackBroken, match="import it anew"):
        current(pack.folder)
    for text in ("{", "{}", '{"form": 2}', '{"form": 1, "parts": [{"name": "x"}]}'):
        (pack.folder / LIST).write_text(text)
        with pytest.raises(PackBroken, match=LIST):
            current(pack.folder)


nested = st.lists(
    st.builds(lambda n, bits: ip_network((n << (32 - bits) & 0xFFFFFFFF, bits)), st.integers(0, 255), st.integers(0, 8)),
    max_size=12, unique=True,
)  # fmt: skip


@given(nested, st.integers(0, 2**32 - 1))
def test_ranges_lie_apart_and_the_smallest_network_of_an_address_decides(networks: list[Any], number: int) -> None:
    rows = list(apart([(*range_of(network), place) for place, network in enumerate(networks)]))
    assert all(one[1] < other[0] for one, other in pairwise(rows))
    around = [n for n in networks if ip_address(number) in n]
    expected = networks.index(max(around, key=lambda n: n.prefixlen)) if around else None
    wanted = range_of(ip_network(number))[0]
    assert next((value for first, last, value in rows if first <= wanted <= last), None) == expected
