"""What people of sellers do that an account thief does too: sign in, change factors, contacts, accounts and prices.

Attacks, decoys and ordinary days say who does what, from which device and network (`Step`). `record_steps` puts all of
it in the order of time and adds what a shop finds by comparing: whether device, network or country are new to the
person, and how unusual the sign-in is. So a thief's step looks as it came out, and nothing is told that no shop could
know.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from random import Random

from safeconduct.demo.almanac import END, HOUR, SECOND, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.rendering import Data
from safeconduct.demo.steps import SIGN_IN, Step
from safeconduct.demo.truth import Action, Severity
from safeconduct.foundation.login_risk import ADDRESS_WEIGHTS, History

#: The part of ordinary sign-ins that the engine is asked about; the shop lets the others in by itself.
_ASKED = 0.6
#: A sign-in is unusual above these parts of the scores of all earlier ones, once there are so many: the quantiles of
#: the product's own sign-in (`accounts.sign_in.history`), from fewer, because the world holds one sign-in in forty.
_QUANTILES, _LIMITS_FROM = (0.95, 0.995), 500
#: No two countries of this world are an hour apart, and nobody honest is in two of them within half a day.
_FLIGHT, _JOURNEY = HOUR, 12 * HOUR


def network_of(ip: str) -> str:
    """The network of an address of this world: each country has a few."""
    return ".".join(ip.split(".")[:2])


@dataclass(slots=True)
class _Known:
    """What a shop has seen of a person. ``before``: instant and country of the last sign-in."""

    devices: set[str]
    networks: set[str]
    countries: set[str]
    before: tuple[int, str] | None = None


class _Doorkeeper:
    """Compares each step with what was seen before it."""

    def __init__(self, fresh: set[str]) -> None:
        self._fresh = fresh
        self._people: dict[str, _Known] = {}
        self._history = History(ADDRESS_WEIGHTS)
        self._scores: list[float] = []

    def look(self, step: Step) -> Data:
        """What is new about a step; of a person's first sign-in only that the device is."""
        known = self._people.get(step.member.id) or self._first(step)
        if not known.devices:
            return {"new_device": True}
        found: Data = {
            "new_device": step.device not in known.devices, "new_network": network_of(step.ip) not in known.networks,
            "new_country": step.country not in known.countries,
        }  # fmt: skip
        if step.act == SIGN_IN:
            last = known.before
            found["impossible_travel"] = last is not None and last[1] != step.country and step.at - last[0] < _FLIGHT
            band = self._band(step)
            if band is not None:
                found["score_band"] = band
        return found

    def learn(self, step: Step) -> None:
        """The sign-in was let in."""
        known = self._people[step.member.id]
        known.devices.add(step.device)
        known.networks.add(network_of(step.ip))
        known.countries.add(step.country)
        known.before = (step.at, step.country)
        self._history.learn(step.member.id, [_levels(step)])

    def _first(self, step: Step) -> _Known:
        member = step.member
        known = _Known(set(), set(), set())
        if not member.joins:
            known = _Known(set(member.devices) - self._fresh, {network_of(member.ip)}, {step.seller.country})
        self._people[member.id] = known
        return known

    def _band(self, step: Step) -> int | None:
        score = self._history.score(step.member.id, [_levels(step)])
        if score is None:
            return None
        count = len(self._scores)
        limits = [self._scores[int(count * part)] for part in _QUANTILES] if count >= _LIMITS_FROM else []
        insort(self._scores, score)
        return sum(score > limit for limit in limits) if limits else None


def _levels(step: Step) -> tuple[str, str, str]:
    return step.ip, network_of(step.ip), step.country


def record_steps(b: WorldBuilder, rng: Random) -> None:
    """Records all steps, the earliest first: the question to the engine, and then what was done."""
    keeper = _Doorkeeper(b.fresh_devices)
    for step in _plausible(sorted(b.steps, key=lambda one: one.at)):
        asked = step.said is not None or step.act != SIGN_IN or rng.random() < _ASKED
        if not max(START, step.seller.registered_at) < step.at < END - HOUR:
            continue
        _record(b, rng, step, keeper.look(step), asked)
        if step.act == SIGN_IN:
            keeper.learn(step)
    b.steps.clear()


def _plausible(steps: list[Step]) -> list[Step]:
    """The steps without ordinary sign-ins of people who are elsewhere at that time: those were drawn one by one."""
    dropped: set[int] = set()
    last: dict[str, Step] = {}
    for step in steps:
        if step.act != SIGN_IN or not step.honest:
            continue
        before = last.get(step.member.id)
        if before is not None and before.country != step.country and step.at - before.at < _JOURNEY:
            if step.said is None:
                dropped.add(id(step))
                continue
            if before.said is None:
                dropped.add(id(before))
        last[step.member.id] = step
    return [step for step in steps if id(step) not in dropped]


def _record(b: WorldBuilder, rng: Random, step: Step, found: Data, asked: bool) -> None:
    where: Data = {
        "seller": step.seller.id, "member": step.member.id, "device": step.device, "ip": step.ip,
        "ip_country": step.country,
    }  # fmt: skip
    factor = step.factor or step.member.factor
    if asked:
        signs_in = {"factor": factor} if step.act == SIGN_IN else {"session_age_s": rng.randrange(60, 5400)}
        number = b.record("access.requested", step.at, None, {
            **where, "act": step.act, "member_role": step.member.role, "proxy": step.proxy, **signs_in, **found,
            **step.extra,
        })  # fmt: skip
        if step.said is not None:
            decoy = step.said.expected is Action.ALLOW
            b.label_act(
                number, step.said.attack, step.said.role, step.said.expected, incident=step.said.incident,
                severity=Severity.NONE if decoy else Severity.HIGH,
            )  # fmt: skip
    done = step.at + rng.randrange(2, 9) * SECOND
    if step.act == SIGN_IN:
        b.record("session.started", done if asked else step.at, None, {
            **where, "factor": factor, "new_device": found["new_device"], "proxy": step.proxy,
            "user_agent": "Mozilla/5.0 Chrome/141.0",
        })  # fmt: skip
    elif step.follows is not None:
        type_, data = step.follows
        b.record(type_, done, None, {**where, **data})
