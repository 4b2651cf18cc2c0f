"""The brake: a rule that suddenly stops far more than it used to goes back to shadow, and says so.

Rules go wrong in ways no check of their text can see: a shop system ceases to send a field, a currency gets another
unit, a list takes in a whole country. Then honest orders are stopped by the hundred before anybody looks. So each rule
is compared with its own past: if within the last hour it acted on a much larger share of decisions than before, it is
muted until a person lifts it (`actions.unmute`), with the numbers in words.

The danger is the opposite case: an attack also makes a rule fire more, and a brake that gives way to it opens the door
exactly when it should be shut. Four things stand against that:

- **A floor.** Below `BRAKE_SHARE` of all decisions a rule is never braked, whatever its rise. Most attacks stay far
  below it: they are many for a rule, and few for a marketplace. What is braked therefore does harm to honest trade in
  bulk.
- **An attack is concentrated, a mistake is not.** Attackers reuse what costs them something: cards, devices, addresses
  (`ATTACKERS_MEANS`). If the orders a rule acted on share these `CONCENTRATION` times as much as orders did just
  before, the rule stays in force; that it was left so is written down for a person to judge.
- **Lists are no exception in either direction.** A deny list of cards or devices fires on few entities by its nature,
  and is left alone by the test above. A deny list of texts that took in a whole country is a mistake like any other.
- **A person's word stands.** A rule whose brake was lifted is left alone for `REST`, and one rule's brake never touches
  another: what an attacker gains by tripping one, spread over fresh cards and devices alike, is that one rule.

Rules whose effect is *allow* stop nobody and are never braked. A challenger goes back to shadow as a whole, and the
live version takes its orders over: a mute would silence the live version's rule of the same name, which may be another
rule. The leads are told of each at once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from safeconduct.foundation.intervals import chance_of_such_a_rise
from safeconduct.foundation.moments import moment
from safeconduct.foundation.policy.nodes import Action, Policy, Rule
from safeconduct.foundation.policy.sql_expressions import quoted
from safeconduct.foundation.policy.tree import feature_names, names
from safeconduct.kernel.decisions import record_staff
from safeconduct.kernel.decisions.models import Mute, PolicyVersion, VersionState
from safeconduct.kernel.decisions.policies import note_step
from safeconduct.kernel.decisions.running import PolicyBroken, Running, compile_text, running
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.notices.administrators import tell_leads
from safeconduct.kernel.record import leaves
from safeconduct.kernel.record.models import Leaf
from safeconduct.kernel.scope import query

#: The recent past is the hour that runs and the one before it: between one and two hours, because counts are kept by
#: the hour, and an hour that has just begun holds too little to judge by.
RECENT = timedelta(hours=1)
#: A rule's own past: two whole weeks, so that each weekday stands in it twice.
PAST = timedelta(days=14)
#: Fewer decisions than this are no evidence of anything: 10 of 20 orders may well be one family.
RECENT_DECISIONS = 200
#: The past must be long enough for a rate to be known; a younger rule is judged by `NEW_RULE_SHARE` alone.
PAST_DECISIONS = 1000
#: Our choice: below one order in twenty a wrong rule is seen in the queue and snoozed by a person; above, it is a shop
#: that is shut.
BRAKE_SHARE = 0.05
#: Our choice: a rule that has no past stops at most one order in five. Whoever publishes one that should stop more
#: lifts the brake once.
NEW_RULE_SHARE = 0.20
#: A rise must be large as well as certain: live streams and sales days double things.
JUMP = 3.0
#: How improbable the rise must be if nothing had changed (Fisher's exact test). With a hundred rules looked at every
#: hour, chance alone trips it about once in a year.
CHANCE = 1e-6
#: What an attacker must pay for, and therefore uses again.
ATTACKERS_MEANS = ("card", "device", "ip", "address", "bank_account")
#: How many times as often each of these must come back among the orders in question as among orders before.
CONCENTRATION = 3.0
#: How long a person's decision to lift the brake, or a note that a rule was left in force, stands.
REST = timedelta(hours=24)

_ACTOR = "brake"
_LEFT = "left in force"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Rates:
    """How often a rule acted among how many decisions: recently and before."""

    acted: int
    decided: int
    acted_before: int
    decided_before: int

    @property
    def share(self) -> float:
        return self.acted / self.decided if self.decided else 0.0

    @property
    def share_before(self) -> float:
        return self.acted_before / self.decided_before if self.decided_before else 0.0


@dataclass(frozen=True, slots=True)
class _Means:
    """How often one kind of entity came back: orders for each card, device …, and among the orders before."""

    kind: str
    orders_each: float
    orders_each_before: float


def check(now: datetime) -> list[Mute]:
    """Brakes the rules that jumped, and returns what it muted. Run it every few minutes, in an engine scope.

    It may run in several processes: only one looks at a time, the others return at once.
    """
    locked = query("SELECT pg_try_advisory_xact_lock(%s)", [Lock.BRAKE]).fetchone()
    if locked is None or not locked[0]:
        return []
    recent_from = now.replace(minute=0, second=0, microsecond=0) - RECENT
    muted: list[Mute] = []
    for version in running():
        if version.state is VersionState.SHADOW:
            continue
        counts = _counts(version.policy.name, recent_from)
        resting = _resting(version, now)
        for rule in version.policy.rules:
            if rule.name in resting or not _can_stop(rule):
                continue
            rates = _rates(version, rule, counts)
            if not _jumped(rates):
                continue
            attack = _concentrated(version, rule, recent_from)
            if attack is not None:
                _leave(version, rule, rates, attack, now)
            elif version.state is VersionState.CHALLENGER:
                _back_to_shadow(version, rule, rates, now)
                break
            else:
                muted.append(_mute(version, rule, rates, now))
    return muted


def _can_stop(rule: Rule) -> bool:
    return rule.then is not Action.ALLOW or rule.unknown is not Action.ALLOW


def _jumped(rates: _Rates) -> bool:
    """Whether the rule acts on far more than its past explains."""
    if rates.decided < RECENT_DECISIONS or rates.share < BRAKE_SHARE:
        return False
    if rates.decided_before < PAST_DECISIONS:
        return rates.share >= NEW_RULE_SHARE
    if rates.share < JUMP * rates.share_before:
        return False
    return chance_of_such_a_rise(rates.acted, rates.decided, rates.acted_before, rates.decided_before) < CHANCE


# -- what the counts say ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Count:
    """One rule of one version, recently or before."""

    version_id: str
    text: str
    rule: str
    recent: bool
    decided: int
    fired: int
    unknown: int


def _counts(policy: str, recent_from: datetime) -> list[_Count]:
    """The counts of all versions of a policy: a rule keeps its past when a version changes something else."""
    rows = query(
        "SELECT c.version_id, v.text, c.rule, c.hour >= %s, sum(c.decided), sum(c.fired), sum(c.unknown)"
        " FROM rule_count c JOIN policy_version v ON v.id = c.version_id"
        " WHERE v.policy = %s AND c.hour >= %s GROUP BY 1, 2, 3, 4",
        [recent_from, policy, recent_from - PAST],
    )
    return [_Count(v, t, r, recent, int(d), int(f), int(u)) for v, t, r, recent, d, f, u in rows]


def _rates(version: Running, rule: Rule, counts: Iterable[_Count]) -> _Rates:
    """The rule's rates: recently of this version, before of every version in which it was the same rule.

    A rule acts where it fires, and also where it is unknown and an unknown one is to have an effect.
    """
    found = {True: [0, 0], False: [0, 0]}
    for count in counts:
        own = count.version_id == version.version_id
        if not own and (count.recent or not _same(version.policy, rule, count.text)):
            continue
        at = found[count.recent]
        if count.rule == "":
            at[1] += count.decided
        elif count.rule == rule.name:
            at[0] += count.fired if rule.then is not Action.ALLOW else 0
            at[0] += count.unknown if rule.unknown is not Action.ALLOW else 0
    return _Rates(*found[True], *found[False])


def _same(policy: Policy, rule: Rule, text: str) -> bool:
    """Whether the rule stood in another version with the same condition, over the same features."""
    try:
        other = compile_text(text).policy
    except PolicyBroken:  # an old text that today's catalogue does not read
        return False
    twin = next((r for r in other.rules if r.name == rule.name), None)
    if twin is None or twin.when != rule.when or twin.unknown is not rule.unknown:
        return False
    read = feature_names(policy, names(rule.when))
    return all(other.features.get(name) == policy.features[name] for name in read)


def _resting(version: Running, now: datetime) -> set[str]:
    """Rules to be left alone: muted already, lifted by a person lately, or noted as left in force."""
    muted = query(
        "SELECT rule FROM mute WHERE policy = %s AND entity_key IS NULL AND ("
        " (ended_at IS NULL AND (until IS NULL OR until > %s)) OR (cause = 'brake' AND ended_at > %s))",
        [version.policy.name, now, now - REST],
    )
    left = query(
        "SELECT why FROM policy_step WHERE version_id = %s AND verb = %s AND at > %s",
        [version.version_id, _LEFT, now - REST],
    )
    return {rule for (rule,) in muted} | {why.partition(":")[0] for (why,) in left}


# -- attack or mistake ------------------------------------------------------------------------------------------------


def _concentrated(version: Running, rule: Rule, recent_from: datetime) -> _Means | None:
    """The means that come back suspiciously often among the orders the rule acted on, if there are any.

    Compared with the decisions of the policy in the same length of time directly before. Only a kind of entity that
    most of the orders carry says anything.
    """
    acted = _uses(version, moment(recent_from), None, rule.name)
    before = _uses(version, moment(recent_from - 2 * RECENT), moment(recent_from), None)
    found: list[_Means] = []
    for kind in ATTACKERS_MEANS:
        orders, entities, of = acted[kind]
        if not entities or orders * 2 < of:
            continue
        orders_before, entities_before, _ = before[kind]
        each, each_before = orders / entities, max(1.0, orders_before / entities_before if entities_before else 1.0)
        if each >= CONCENTRATION * each_before:
            found.append(_Means(kind, each, each_before))
    return max(found, key=lambda means: means.orders_each / means.orders_each_before, default=None)


def _uses(version: Running, since: int, until: int | None, rule: str | None) -> dict[str, tuple[int, int, int]]:
    """For each kind: events that carry it, distinct entities, and all events looked at."""
    columns = ", ".join(f"count(f.{quoted(k)}), count(DISTINCT f.{quoted(k)})" for k in ATTACKERS_MEANS)
    acted = "" if rule is None else " AND %s = ANY(d.fired || d.unknown)"
    parameters: list[Any] = [version.policy.name, since, until if until is not None else 2**63 - 1]
    row = query(
        f"SELECT count(*), {columns} FROM decision d JOIN fact f ON f.moment = d.moment"
        f" WHERE d.policy = %s AND d.kind = 'live' AND d.moment >= %s AND d.moment < %s{acted}",
        [*parameters, *([rule] if rule is not None else [])],
    ).fetchone()
    assert row is not None
    return {kind: (row[1 + 2 * i], row[2 + 2 * i], row[0]) for i, kind in enumerate(ATTACKERS_MEANS)}


# -- what is done about it --------------------------------------------------------------------------------------------


def _mute(version: Running, rule: Rule, rates: _Rates, now: datetime) -> Mute:
    why = f"{_numbers(rates)}; it goes on in shadow until a person lifts the brake"
    made = Mute.objects.create(
        policy=version.policy.name, rule=rule.name, cause=Mute.Cause.BRAKE, actor=_ACTOR, why=why, since=now
    )
    leaves.add(record_staff.MUTE, [record_staff.mute_subject(made.id)], now)
    _braked(version, rule, rates, why, now)
    return made


def _back_to_shadow(version: Running, rule: Rule, rates: _Rates, now: datetime) -> None:
    changed = PolicyVersion.objects.filter(id=version.version_id, state=VersionState.CHALLENGER)
    if changed.update(state=VersionState.SHADOW, updated_at=now):  # else a person was faster
        why = f"{_numbers(rates)}; the challenger goes back to shadow, and the live version decides its orders"
        _braked(version, rule, rates, why, now)


def _braked(version: Running, rule: Rule, rates: _Rates, why: str, now: datetime) -> None:
    _note(version, rule, "braked", why, now)
    _tell(version, rule, rates, "shadow" if version.state is VersionState.CHALLENGER else "muted", now)
    Leaf.objects.create(
        kind="rule_braked", subject=version.version_id, created_at=now,
        body={
            "policy": version.policy.name, "number": version.number, "rule": rule.name, "acted": rates.acted,
            "decided": rates.decided, "acted_before": rates.acted_before, "decided_before": rates.decided_before,
        },
    )  # fmt: skip


def _leave(version: Running, rule: Rule, rates: _Rates, attack: _Means, now: datetime) -> None:
    why = (
        f"{_numbers(rates)}; it stays in force, because these orders share what attackers use again:"
        f" {attack.orders_each:.1f} orders for each {attack.kind.replace('_', ' ')},"
        f" {attack.orders_each_before:.1f} before. Look at them, and snooze the rule if they are honest"
    )
    _note(version, rule, _LEFT, why, now)
    _tell(version, rule, rates, "left", now)


def _tell(version: Running, rule: Rule, rates: _Rates, what: str, now: datetime) -> None:
    """Tells the leads at once: from now on orders go through that the rule would have stopped, or an attack is on."""
    values = {
        "policy": version.policy.name, "version": version.number, "rule": rule.name, "acted": rates.acted,
        "decided": rates.decided, "what": what,
    }  # fmt: skip
    key = f"brake/{version.version_id}/{rule.name}/{now.isoformat()}"
    tell_leads("rule.braked", values, key, at=now, url=f"/console/versions/{version.version_id}/")


def _note(version: Running, rule: Rule, verb: str, why: str, now: datetime) -> None:
    logger.warning("%s version %d, rule %s, %s: %s", version.policy.name, version.number, rule.name, verb, why)
    note_step(version.version_id, verb, _ACTOR, f"{rule.name}: {why}", now)


def _numbers(rates: _Rates) -> str:
    now = f"acted on {rates.acted} of {rates.decided} decisions ({rates.share:.1%}) since the hour before this one"
    if rates.decided_before < PAST_DECISIONS:
        return f"{now}, above {NEW_RULE_SHARE:.0%}, and has no past to compare with"
    past = f"{rates.acted_before} of {rates.decided_before} ({rates.share_before:.2%}) in the {PAST.days} days before"
    return f"{now}, after {past}"
