"""The 26 signals of account risk, each decided by the engine: where it fires, where it does not, where it is unknown.

What a signal rests on is either told with the act, and then it may be missing (unknown, not false), or counted from
what happened before by a key that the act may lack. A signal that rests on nothing that can be missing is never unknown:
it names why instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
import tests.django_world as world
from tests.kernel.builders import START, event, live_policy

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events.log import Known
from safeconduct.protections.accounts.risk.signals import SIGNALS, Level, level_of

POLICY = (files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8")
RULES = {sign: rule for rule, (sign, _floor) in SIGNALS.items()}
Before = tuple[timedelta, str, Mapping[str, Any]]


@dataclass(frozen=True)
class Told:
    """An act, and what happened before it. The person is `ana` of `sel-1` unless the act says otherwise."""

    act: Mapping[str, Any]
    before: Sequence[Before] = ()


@dataclass(frozen=True)
class Signal:
    """One of the 26. ``never``: why it cannot be unknown, where it cannot."""

    fires: Told
    quiet: Told
    unknown: Told | None = None
    never: str = ""


def sign_in(**known: Any) -> Told:
    return Told({"act": "sign_in", **known})


def ago(minutes: int, kind: str, **data: Any) -> Before:
    return timedelta(minutes=minutes), kind, data


def failed(count: int, *, reason: str = "password", ips: int = 1, member: str = "ana", **more: Any) -> list[Before]:
    return [
        ago(n + 1, "session.failed", reason=reason, member=member, ip=f"198.51.100.{n % ips}", **more)
        for n in range(count)
    ]


def tried(count: int) -> list[Before]:
    """An address that tries as many accounts."""
    return [
        ago(n + 1, "session.failed", reason="password", email=f"p{n}@example.org", ip="203.0.113.9")
        for n in range(count)
    ]


def changed(minutes: int, change: str) -> Before:
    return ago(minutes, "security.changed", seller="sel-1", member="ana", change=change)


def signed_in_before(minutes: int, **known: Any) -> Before:
    return ago(minutes, "access.requested", seller="sel-1", member="ana", act="sign_in", **known)


def shipped(count: int, parcels: int) -> list[Before]:
    return [
        ago(60 + n, "shipment.shipped", seller="sel-1", order=f"o{n}", parcel=f"p{n % parcels}") for n in range(count)
    ]


DAY = 24 * 60
#: Of whoever acts for no seller nothing can be counted by seller.
NO_SELLER = {"seller": None}

STORIES: dict[str, Signal] = {
    "S01": Signal(sign_in(score_band=1), sign_in(score_band=0), sign_in()),
    "S02": Signal(sign_in(score_band=2), sign_in(score_band=1), sign_in()),
    "S03": Signal(
        sign_in(new_device=True, new_network=True), sign_in(new_device=False, new_network=True),
        sign_in(new_device=True),
    ),
    "S04": Signal(sign_in(new_country=True), sign_in(new_country=False), sign_in()),
    "S05": Signal(
        sign_in(impossible_travel=True), sign_in(impossible_travel=True, proxy=True), sign_in(proxy=False),
    ),
    "S06": Signal(
        sign_in(proxy=True, new_network=True), sign_in(proxy=True, new_network=False), sign_in(new_network=True),
    ),
    "S07": Signal(sign_in(password_breached=True), sign_in(password_breached=False), sign_in()),
    "S08": Signal(
        Told({"act": "sign_in"}, failed(3, reason="second_factor")),
        Told({"act": "sign_in"}, failed(2, reason="second_factor")),
        never="it counts failures of the person who acts, and every act has one",
    ),
    "S09": Signal(
        Told({"act": "sign_in"}, failed(10, ips=5)), Told({"act": "sign_in"}, failed(10, ips=4)),
        never="it counts failures of the person who acts; one without an address adds none",
    ),
    "S10": Signal(
        Told({"act": "sign_in", "ip": "203.0.113.9"}, tried(20)),
        Told({"act": "sign_in", "ip": "203.0.113.9", "new_device": False}, tried(20)),
        Told({"act": "sign_in"}, tried(20)),
    ),
    "S11": Signal(
        Told({"act": "session_use", "network_changed": True, "browser_changed": True}),
        Told({"act": "session_use", "network_changed": True, "browser_changed": False}),
        Told({"act": "session_use", "browser_changed": True}),
    ),
    "S12": Signal(
        Told({"act": "session_use", "device_proof_failed": True}),
        Told({"act": "session_use", "device_proof_failed": False}), Told({"act": "session_use"}),
    ),
    "S13": Signal(
        Told({"act": "payout_change"}, [signed_in_before(DAY - 1, dormant_days=91)]),
        Told({"act": "payout_change"}, [signed_in_before(DAY - 1, dormant_days=90)]),
        never="it counts earlier sign-ins of the person; one of which it is unknown how long they were away adds none",
    ),
    "S14": Signal(
        Told({"act": "sign_in", "new_device": True}, [changed(7 * DAY - 1, "factor_removed")]),
        Told({"act": "sign_in", "new_device": False}, [changed(7 * DAY - 1, "factor_removed")]),
        Told({"act": "sign_in"}, [changed(7 * DAY - 1, "factor_removed")]),
    ),
    "S15": Signal(
        Told({"act": "sign_in"}, [changed(7 * DAY - 1, "recovery")]),
        Told({"act": "sign_in"}, [changed(7 * DAY + 1, "recovery")]),
        never="it counts recoveries of the person who acts",
    ),
    "S16": Signal(
        Told({"act": "contact_change"}), Told({"act": "contact_change", "member_role": "listing"}),
        never="of whom the role is unknown is taken to be the owner",
    ),
    "S17": Signal(
        Told({"act": "payout_change"}), Told({"act": "key_created"}), never="every act says what it is",
    ),
    "S18": Signal(
        Told({"act": "payout_change"}, [changed(DAY - 1, "email")]),
        Told({"act": "payout_change", "new_device": False}, [changed(DAY + 1, "email")]),
        Told({"act": "payout_change"}, [changed(DAY - 1, "factor_removed")]),
    ),
    "S19": Signal(
        Told({"act": "member_added", "member_role": "finance"}, [signed_in_before(DAY - 1, new_country=True)]),
        Told({"act": "member_added", "member_role": "support"}, [signed_in_before(DAY - 1, new_country=True)]),
        Told({"act": "member_added", "member_role": "finance", **NO_SELLER}),
    ),
    "S20": Signal(
        Told({"act": "key_created"}, [signed_in_before(DAY - 1, impossible_travel=True)]),
        Told({"act": "key_created"}, [signed_in_before(DAY - 1, impossible_travel=False)]),
        Told({"act": "key_created", **NO_SELLER}),
    ),
    "S21": Signal(
        Told({"act": "mass_edit", "deep_cuts_percent": 21}), Told({"act": "mass_edit", "deep_cuts_percent": 20}),
        Told({"act": "mass_edit"}),
    ),
    "S22": Signal(
        Told({"act": "mass_export", "rows": 401, "usual_rows": 100}),
        Told({"act": "mass_export", "rows": 400, "usual_rows": 100, "over_quota": False}),
        Told({"act": "mass_export", "rows": 401, "over_quota": False}),
    ),
    "S23": Signal(
        Told({"act": "mass_export", "canary": True}), Told({"act": "mass_export", "canary": False}),
        Told({"act": "mass_export"}),
    ),
    "S24": Signal(
        Told({"act": "session_use"}, [*shipped(10, 5), signed_in_before(7 * DAY - 1, new_country=True)]),
        Told({"act": "session_use"}, [*shipped(10, 6), signed_in_before(7 * DAY - 1, new_country=True)]),
        Told({"act": "session_use", **NO_SELLER}),
    ),
    "S25": Signal(
        Told({"act": "factor_change", "asked_in_chat": True}), Told({"act": "factor_change", "asked_in_chat": False}),
        Told({"act": "factor_change"}),
    ),
    "S26": Signal(
        Told({"act": "payout_change", "impersonated": True}), Told({"act": "sign_in", "impersonated": True}),
        Told({"act": "payout_change"}),
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def a_policy() -> Iterator[None]:
    world.forget_everything()
    live_policy(POLICY)
    yield


def decided(told: Told) -> tuple[list[str], list[str], Level]:
    """What the engine says of an act: the rules that fire, those that are unknown, and what follows."""
    past = [event(kind, at=START - before, **data) for before, kind, data in told.before]
    if past:
        assert not lanes.accept(past, known=Known.WHEN_IT_HAPPENED).receipt.refused
    act = {"seller": "sel-1", "member": "ana", **told.act}
    asked = event("access.requested", at=START, **{name: value for name, value in act.items() if value is not None})
    decisions = lanes.accept([asked], now=lambda: START, known=Known.WHEN_IT_HAPPENED).decisions
    made = [one for one in decisions if one.policy == "account-risk" and one.moment == max(d.moment for d in decisions)]
    assert len(made) == 1
    return made[0].fired, made[0].unknown, level_of(made[0].action, made[0].fired)


def test_there_is_a_story_for_each_of_the_26() -> None:
    assert sorted(STORIES) == sorted(RULES) == [f"S{n:02}" for n in range(1, 27)]
    assert all((one.unknown is None) == bool(one.never) for one in STORIES.values())


@pytest.mark.parametrize("sign", sorted(RULES))
def test_the_signal_fires_with_its_floor(sign: str) -> None:
    fired, _, level = decided(STORIES[sign].fires)
    assert RULES[sign] in fired
    assert level >= SIGNALS[RULES[sign]][1]


@pytest.mark.parametrize("sign", sorted(RULES))
def test_the_signal_is_quiet_just_beside(sign: str) -> None:
    fired, unknown, _ = decided(STORIES[sign].quiet)
    assert RULES[sign] not in [*fired, *unknown]


@pytest.mark.parametrize("sign", sorted(sign for sign, one in STORIES.items() if one.unknown is not None))
def test_the_signal_is_unknown_where_what_it_rests_on_is_and_then_speaks_against_nobody(sign: str) -> None:
    unknown_story = STORIES[sign].unknown
    assert unknown_story is not None
    fired, unknown, _ = decided(unknown_story)
    assert RULES[sign] in unknown and RULES[sign] not in fired


@pytest.mark.parametrize("act", ["sign_in", "session_use", "payout_change", "contact_change", "key_created"])
def test_what_rests_on_nothing_that_can_be_missing_is_known_of_the_barest_act(act: str) -> None:
    never = {RULES[sign] for sign, one in STORIES.items() if one.never}
    _, unknown, _ = decided(Told({"act": act, **NO_SELLER}))
    assert not never & set(unknown)
