"""What members of sellers do, and thieves in their name: it happened as the labels say, and a shop could know it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from safeconduct.demo import Label, Parameters, World, generate

from .conftest import Event, Reading, read


def at(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00"))


def acts_of(mall: Reading, attack: str) -> dict[str, list[tuple[Label, Event]]]:
    """Incident → its labelled acts with their events, the earliest first."""
    found = defaultdict(list)
    for row in mall.labels(attack, "act"):
        found[row.incident].append((row, mall.by_id[row.event_id or ""]))
    return {name: sorted(rows, key=lambda pair: pair[0].start) for name, rows in found.items()}


def test_a_takeover_is_a_new_device_then_contact_then_payouts_within_a_day(mall: Reading) -> None:
    incidents = acts_of(mall, "seller_takeover")
    assert len(incidents) == 3
    for rows in incidents.values():
        acts = [event["data"]["act"] for _, event in rows]
        assert acts[0] == "sign_in" and acts[-1] == "payout_change" and "contact_change" in acts
        assert at(rows[-1][1]) - at(rows[0][1]) < timedelta(days=1)
        assert rows[0][1]["data"]["new_device"] and rows[0][1]["data"]["factor"] == "password"
        assert len({event["data"]["seller"] for _, event in rows}) == 1
        assert len({event["data"]["device"] for _, event in rows}) == 2
        shop, ends = rows[0][1]["data"]["seller"], at(rows[-1][1])
        (changed,) = [
            e for e in mall.by_type["payout_account.changed"]
            if e["data"]["seller"] == shop and timedelta() <= at(e) - ends < timedelta(minutes=1)
        ]  # fmt: skip
        assert changed["data"]["bank_account"]


def test_the_ring_tries_many_accounts_from_few_networks_before(mall: Reading) -> None:
    tried = [e["data"] for e in mall.by_type["session.failed"] if "email" in e["data"]]
    assert len(tried) >= 3 * 24 and len({t["ip"] for t in tried}) <= 3
    assert len({t["email"] for t in tried}) == len(tried)


def test_an_insider_takes_more_every_week_and_nobody_could_tell_at_first(mall: Reading) -> None:
    for rows in acts_of(mall, "slow_insider").values():
        files = [(row, event["data"]) for row, event in rows if event["data"]["act"] == "mass_export"]
        sizes = [data["rows"] for _, data in files]
        assert sizes == sorted(sizes) and sizes[-1] > 2 * sizes[0]
        assert [row.expected_action == "allow" for row, _ in files] == [not data["over_quota"] for _, data in files]
        assert files[0][0].expected_action == "allow" and files[-1][0].expected_action == "challenge"
        assert all(data["rows"] < 4 * data["usual_rows"] for _, data in files)
        assert [event["data"]["act"] for _, event in rows][-2:] == ["member_added", "mass_edit"]
        assert len({event["data"]["device"] for _, event in rows}) == 1


def test_the_snooper_leaves_no_event_and_has_no_case(mall: Reading) -> None:
    rows = mall.labels("staff_snooping", "reading")
    looks = mall.world.looks
    assert len(rows) == len(looks) == 6 and {row.entity_id for row in rows} == {looks[0].seller.id}
    assert all(row.event_id is None and row.order_id is None for row in rows)
    assert [look.at for look in looks] == sorted(look.at for look in looks)


def test_travelling_members_have_their_own_device_in_a_country_new_to_them(mall: Reading) -> None:
    for rows in acts_of(mall, "travelling_sellers").values():
        first = rows[0][1]["data"]
        assert first["new_device"] is False and first["factor"] == "passkey"
        assert first["ip_country"] != next(
            e["data"]["seller_country"] for e in mall.by_type["seller.registered"] if e["data"]["seller"] == first["seller"]
        )  # fmt: skip


def test_a_shared_office_is_one_network_with_members_of_many_sellers(mall: Reading) -> None:
    for rows in acts_of(mall, "seller_offices").values():
        assert len({event["data"]["ip"] for _, event in rows}) == 1
        assert len({event["data"]["seller"] for _, event in rows}) >= 4


def test_a_helper_is_invited_by_the_owner_before_the_first_sign_in(mall: Reading) -> None:
    for rows in acts_of(mall, "season_helpers").values():
        acts = [event["data"] for _, event in rows]
        invited = next(i for i, data in enumerate(acts) if data["act"] == "member_added")
        assert acts[invited]["member"].endswith("-1") and acts[invited]["member_role"] == "fulfilment"
        helper = acts[invited + 1]
        assert helper["member"] not in {a["member"] for a in acts[: invited + 1]} and helper["new_device"]
        assert "new_network" not in helper and "score_band" not in helper  # nothing to compare with


def test_a_lost_telephone_is_recovered_and_no_money_is_touched_for_a_week(mall: Reading) -> None:
    for rows in acts_of(mall, "lost_phones").values():
        assert rows[0][1]["data"]["act"] == "recovery"
        assert {event["data"]["act"] for _, event in rows} <= {"recovery", "sign_in", "factor_change"}


def test_what_is_told_to_be_new_is_new(mall: Reading) -> None:
    """No flag is there for the thief's sake: it follows from what was seen of the person before."""
    seen: dict[str, set[str]] = defaultdict(set)
    told: dict[str, list[bool]] = defaultdict(list)
    for event in mall.events:
        data = event["data"]
        if event["type"] == "access.requested" and data["act"] == "sign_in" and data.get("new_device") is not None:
            told[data["member"]].append(data["device"] in seen[data["member"]] and data["new_device"])
        if event["type"] == "session.started":
            seen[data["member"]].add(data["device"])
    assert told and not any(flag for flags in told.values() for flag in flags)


def test_nobody_honest_is_in_two_countries_within_an_hour(mall: Reading) -> None:
    thieves = {row.event_id for row in mall.labels("seller_takeover", "act")}
    for event in mall.by_type["access.requested"]:
        assert event["id"] in thieves or not event["data"].get("impossible_travel")


def test_no_field_of_an_act_gives_the_thief_away_alone() -> None:
    mall = read(generate(Parameters(seed=3, orders=12_000)))
    bad = {row.event_id for name in ("seller_takeover", "slow_insider") for row in mall.labels(name, "act")}
    good = [e["data"] for e in mall.by_type["access.requested"] if e["id"] not in bad]
    for name in ("new_device", "new_network", "new_country", "proxy"):
        assert any(data.get(name) for data in good), name
    assert {e["data"]["act"] for e in mall.events if e["id"] in bad} <= {data["act"] for data in good}


def test_a_full_world_asks_about_no_more_than_ten_thousand_acts(full: World) -> None:
    counted = Counter(record[2] for record in full.records)
    assert 8_000 < counted["access.requested"] < 11_000
