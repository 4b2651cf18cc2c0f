"""Where sign-ins come from: with the operator's data about addresses, travel, countries and networks are judged; without
them nothing is held against anybody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from safeconduct.foundation.ip_pack import importing
from safeconduct.foundation.ip_pack.importing import Given
from safeconduct.foundation.ip_pack.pack import LIST
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.parties import sessions, whereabouts
from safeconduct.kernel.parties.addresses import facts_of, pack_in_use
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.security_events import Origin
from safeconduct.kernel.parties.sessions import Ended
from safeconduct.kernel.parties.traits import is_full, traits_of
from safeconduct.kernel.record import receipts
from safeconduct.kernel.scope import Actor, engine_scope, query, visitor_scope
from safeconduct.kernel.vault import data_keys
from safeconduct.protections.accounts.sign_in import history
from tests.foundation.ip_pack.ip_files import table
from tests.kernel.builders import live_policy
from tests.portal import shops
from tests.portal.shops import PASSWORD

POLICY = (files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8")
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
PARIS, LYON, SHANGHAI, SHANGHAI_VPN, NOWHERE = "5.6.7.8", "5.7.0.1", "101.80.0.1", "101.81.0.1", "10.1.2.3"
NETWORKS = (
    "network,country,asn,latitude,longitude,vpn", "5.6.0.0/16,FR,3215,48.9,2.4,0", "5.7.0.0/16,FR,12322,45.8,4.8,0",
    "101.80.0.0/12,CN,4812,31.2,121.5,0", "101.81.0.0/16,CN,64500,31.2,121.5,1",
)  # fmt: skip
NOW = datetime(2026, 6, 10, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def a_marketplace(tmp_path: Path) -> Any:
    cache.clear()
    shops.open_for_business()
    with override_settings(IP_PACK=str(tmp_path / "ip")):
        yield


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    importing.add(tmp_path / "ip", Given(table(tmp_path, *NETWORKS)), at=NOW)
    return tmp_path / "ip"


def signed_in(user: User, key: str, address: str, at: datetime) -> str:
    with visitor_scope():
        return sessions.begin(user.id, key, Origin(address, FIREFOX), at)[0]


def known(user: User, address: str, at: datetime = NOW) -> dict[str, Any]:
    with visitor_scope():
        return whereabouts.known_of(user.id, address, at)


def test_without_data_nothing_is_known_and_nothing_is_held_against_anybody() -> None:
    user = shops.member("sel-1")
    signed_in(user, "k", PARIS, NOW - timedelta(hours=1))
    assert pack_in_use() is None and known(user, SHANGHAI) == {}


@pytest.mark.usefixtures("pack")
def test_a_country_and_a_network_are_new_once_and_unknown_to_who_has_no_past() -> None:
    user = shops.member("sel-1")
    first = known(user, PARIS)
    assert (first["ip_country"], first["ip_asn"], first["proxy"]) == ("FR", 3215, False)
    assert not {"new_network", "new_country", "impossible_travel"} & first.keys()
    signed_in(user, "k1", PARIS, NOW - timedelta(days=30))
    home, near, far = (known(user, one) for one in (PARIS, LYON, SHANGHAI))
    assert [(one["new_network"], one["new_country"]) for one in (home, near, far)] == [
        (False, False), (True, False), (True, True),
    ]  # fmt: skip
    assert not {"new_network", "new_country"} & known(user, NOWHERE).keys(), "an address of the house is unknown"


@pytest.mark.usefixtures("pack")
def test_nobody_is_in_shanghai_hours_after_paris_and_who_flew_is() -> None:
    user = shops.member("sel-1")
    signed_in(user, "k1", PARIS, NOW - timedelta(hours=5))
    assert known(user, SHANGHAI)["impossible_travel"] is True
    assert known(user, LYON)["impossible_travel"] is False
    assert known(user, SHANGHAI, NOW + timedelta(hours=7))["impossible_travel"] is False
    assert "impossible_travel" not in known(user, SHANGHAI_VPN), "nobody is where a VPN is"
    assert "impossible_travel" not in known(user, NOWHERE)


@pytest.mark.usefixtures("pack")
def test_a_sign_in_through_a_vpn_or_by_a_thief_who_was_found_out_is_nobodys_past() -> None:
    user = shops.member("sel-1")
    signed_in(user, "k1", PARIS, NOW - timedelta(days=2))
    thief = signed_in(user, "k2", SHANGHAI, NOW - timedelta(hours=3))
    assert known(user, PARIS)["impossible_travel"] is True
    with visitor_scope():
        sessions.end(thief, user.id, Ended.NOT_ME, NOW - timedelta(hours=2))
    assert known(user, PARIS)["impossible_travel"] is False and known(user, SHANGHAI)["new_country"] is True
    signed_in(user, "k3", SHANGHAI_VPN, NOW - timedelta(hours=1))
    assert known(user, PARIS)["impossible_travel"] is False


def test_places_of_the_last_sign_ins_are_known_from_the_day_a_pack_comes(tmp_path: Path) -> None:
    user = shops.member("sel-1")
    for n in range(6):
        signed_in(user, f"k{n}", SHANGHAI if n == 0 else PARIS, NOW - timedelta(days=10 - n))
    importing.add(tmp_path / "ip", Given(table(tmp_path, *NETWORKS)), at=NOW)
    assert known(user, PARIS)["new_country"] is False
    assert known(user, SHANGHAI)["new_country"] is True, "the sixth is too long ago to be looked at"


@pytest.mark.usefixtures("pack")
def test_where_somebody_was_is_unknown_after_they_were_erased() -> None:
    user = shops.member("sel-1")
    signed_in(user, "k1", PARIS, NOW - timedelta(hours=1))
    with visitor_scope():
        query("UPDATE sign_in_session SET traits = traits[1:6]")
    with engine_scope():
        receipts.erase([f"person/{user.id}"], None, Actor("usr_desk", "lead", "asked for"), at=NOW)
    assert not {"impossible_travel", "new_country"} & known(user, SHANGHAI).keys()


@pytest.mark.usefixtures("pack")
def test_a_place_takes_two_queries_however_many_sign_ins_there_were(monkeypatch: pytest.MonkeyPatch) -> None:
    user = shops.member("sel-1")
    for n in range(8):
        signed_in(user, f"k{n}", PARIS, NOW - timedelta(days=10 - n))
    asked: list[Any] = []
    execute = psycopg.Cursor.execute

    def counted(self: Any, statement: Any, *rest: Any, **more: Any) -> Any:
        asked.append(statement)
        return execute(self, statement, *rest, **more)

    with visitor_scope():
        data_keys.forget()
        monkeypatch.setattr(psycopg.Cursor, "execute", counted)
        whereabouts.known_of(user.id, LYON, NOW)
    assert len([one for one in asked if "SELECT" in str(one)]) == 2, asked


def test_a_pack_that_was_damaged_keeps_nobody_out(pack: Path, caplog: pytest.LogCaptureFixture) -> None:
    (pack / LIST).write_text("{")
    assert facts_of([PARIS])[0].country is None
    assert LIST in caplog.text


@pytest.mark.usefixtures("pack")
def test_a_score_counts_networks_and_countries_where_they_are_known_of_the_person() -> None:
    user, other = shops.member("sel-1"), shops.member("sel-2")
    for n in range(8):
        signed_in(user if n % 2 else other, f"k{n}", LYON if n % 2 else SHANGHAI, NOW - timedelta(days=20 - n))
    with visitor_scope():
        home, near, far, unknown = (
            history.score_of(user.id, traits_of(one, FIREFOX, facts_of([one])[0]))
            for one in ("5.7.255.1", "5.6.255.1", "101.80.255.1", NOWHERE)
        )
    assert home is not None and near is not None and far is not None and unknown is not None
    assert home.full and not unknown.full
    assert home.value < near.value < far.value


@pytest.mark.usefixtures("pack")
def test_a_first_sign_in_with_data_is_compared_as_before_and_its_score_is_not_kept_among_the_others() -> None:
    live_policy(POLICY)
    user, client = shops.member("sel-1"), Client()
    with override_settings(IP_PACK="/nowhere"):
        signed_in(user, "k1", PARIS, shops.ago(3))
    for _ in range(2):
        enters(client, user, PARIS)
        client.post("/accounts/logout/")
    with visitor_scope():
        rows = list(query("SELECT traits, score FROM sign_in_session ORDER BY started_at"))
    assert [is_full(traits) for traits, _ in rows] == [False, True, True]
    assert [score is not None for _, score in rows] == [False, False, True]


def enters(client: Client, user: User, address: str, browser: str = FIREFOX) -> bool:
    cache.clear()
    answer = client.post(
        "/accounts/login/", {"login": user.email, "password": PASSWORD}, headers={"user-agent": browser},
        REMOTE_ADDR=address,
    )  # fmt: skip
    return answer.status_code == 302 and "/login/" not in answer.headers["Location"]


def asked() -> list[dict[str, Any]]:
    with engine_scope():
        found = query(
            "SELECT d.reasons FROM decision d WHERE d.policy = 'account-risk' AND d.kind = 'live' ORDER BY d.moment"
        ).fetchall()
    return [json.loads(one) if isinstance(one, str) else one for (one,) in found]


@pytest.mark.usefixtures("pack")
def test_a_thief_far_away_is_refused_and_payouts_wait_while_the_owner_goes_on() -> None:
    live_policy(POLICY)
    user, own, thief = shops.member("sel-1"), Client(), Client()
    assert enters(own, user, PARIS)
    assert not enters(thief, user, SHANGHAI, CHROME)
    fired = {line["rule"] for line in asked()[-1]["statement"]}
    assert fired == {"new_device_and_network", "new_country_for_person", "travelled_too_fast"}
    with engine_scope():
        key = shops.seller_key()
        assert payout_accounts.stops([key], datetime.now(UTC)) == {key: "account_risk"}
    own.post("/accounts/logout/")
    assert enters(own, user, PARIS), "the owner's own browser always opens"


@pytest.mark.usefixtures("pack")
def test_an_owner_on_a_new_telephone_in_the_own_network_is_not_asked_for_more() -> None:
    live_policy(POLICY)
    user = shops.member("sel-1")
    assert enters(Client(), user, PARIS)
    assert enters(Client(), user, "5.6.200.1", CHROME)
    assert asked()[-1].get("statement", []) == []


@pytest.mark.usefixtures("pack")
def test_a_session_that_changes_its_address_within_its_providers_network_has_not_moved() -> None:
    assert not sessions.has_moved(Origin(PARIS, FIREFOX), Origin("5.6.200.1", CHROME))
    assert sessions.has_moved(Origin(PARIS, FIREFOX), Origin(LYON, CHROME))
    assert not sessions.has_moved(Origin(PARIS, FIREFOX), Origin(LYON, FIREFOX))
    assert sessions.has_moved(Origin(PARIS, FIREFOX), Origin("198.51.100.1", CHROME))
