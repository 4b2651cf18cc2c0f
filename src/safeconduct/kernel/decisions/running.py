"""The policies in force, compiled once for each process.

Which versions run is read with every batch (one statement); what they compile to is remembered by version, whose text
never changes once it has left the draft.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from safeconduct.foundation.policy.nodes import EventField, InList, Policy
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.foundation.policy.to_postgres import FeatureQuery, features_query
from safeconduct.foundation.policy.to_python import RuleProgram, compile_rules
from safeconduct.foundation.policy.tree import walk
from safeconduct.kernel.decisions import reactions
from safeconduct.kernel.decisions.labels import LABEL_TYPES
from safeconduct.kernel.decisions.models import VersionState
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.log import Listened
from safeconduct.kernel.events.ordering import settle_and_read
from safeconduct.kernel.scope import query

logger = logging.getLogger(__name__)


class PolicyBroken(RuntimeError):
    """A stored policy does not read any more; the message carries the diagnostics."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A policy's text as what runs: its tree, its rules as a function, its features as a statement.

    ``lists``: (list name, field) pairs whose members must be known;
    ``whole_lists``: lists that are asked for something computed, so that all their members are read; ``kept``: names
    whose values a decision keeps.
    """

    policy: Policy
    program: RuleProgram
    features: FeatureQuery
    lists: tuple[tuple[str, str], ...]
    whole_lists: frozenset[str]
    kept: tuple[str, ...]
    positions: dict[str, int]


@dataclass(frozen=True, slots=True)
class Running:
    """A version that runs: live, as challenger for a share of the traffic, or in shadow."""

    version_id: str
    number: int
    state: VersionState
    rollout_percent: int
    compiled: Compiled

    @property
    def policy(self) -> Policy:
        return self.compiled.policy


@dataclass(slots=True)
class Muted:
    """Rules of one policy that do not act: for everyone, or for one entity."""

    everywhere: set[str] = field(default_factory=set)
    for_entity: dict[int, set[str]] = field(default_factory=dict)


#: The usual case.
NOTHING_MUTED = Muted()


@lru_cache(maxsize=256)
def compile_text(text: str) -> Compiled:
    """Compiles a policy's text. Raises PolicyBroken where it has errors."""
    reading = read_policy(text, CATALOGUE)
    if reading.policy is None:
        raise PolicyBroken(reading.render())
    policy = reading.policy
    program = compile_rules(policy)
    lists: dict[tuple[str, str], None] = dict.fromkeys(policy.allow_lists)
    whole = set()
    for node in (node for rule in policy.rules for node in walk(rule.when)):
        if isinstance(node, InList) and isinstance(node.item, EventField):
            lists[node.list_name, node.item.name] = None
        elif isinstance(node, InList):
            whole.add(node.list_name)
    keys = CATALOGUE.key_fields
    kept = tuple(
        sorted({n for n in {*program.names, *policy.fields, *policy.features} if n not in keys and n != "now"})
    )
    return Compiled(
        policy, program, features_query(policy, CATALOGUE, facts="fact"), tuple(lists), frozenset(whole), kept,
        {rule.name: position for position, rule in enumerate(policy.rules)},
    )  # fmt: skip


def running() -> list[Running]:
    """The versions that run now, live ones first. A version's text is fetched once for each process.

    Raises PolicyBroken where the text of a live one does not read any more: nothing may be decided without it. One that
    is only tried, in shadow or for a share, is left out then, and the live one decides.
    """
    return _versions(query(_RUNNING).fetchall())


def settle_and_read_running() -> tuple[int, list[Running], dict[str, Muted]]:
    """What `events.ordering.settle` returns, what runs now, and by policy the rules that do not act at present: in one
    round trip."""
    settled, (versions, mutes) = settle_and_read(
        f"{_RUNNING_AS_ONE},"
        " (SELECT coalesce(jsonb_agg(jsonb_build_array(policy, rule, entity_key)), '[]') FROM mute"
        " WHERE ended_at IS NULL AND (until IS NULL OR until > now()))"
    )
    muted: dict[str, Muted] = {}
    for policy, rule, entity in mutes:
        quiet = muted.setdefault(policy, Muted())
        if entity is None:
            quiet.everywhere.add(rule)
        else:
            quiet.for_entity.setdefault(entity, set()).add(rule)
    return settled, _versions(versions), muted


_RUNNING = (
    "SELECT id, number, state, rollout_percent FROM policy_version"
    " WHERE state IN ('live', 'challenger', 'shadow') ORDER BY state = 'live' DESC, policy, number"
)


_RUNNING_AS_ONE = (
    "(SELECT coalesce(jsonb_agg(jsonb_build_array(v.id, v.number, v.state, v.rollout_percent) ORDER BY v.n), '[]')"
    f" FROM (SELECT *, row_number() OVER () AS n FROM ({_RUNNING}) AS r) AS v)"
)


@dataclass(slots=True)
class ReadWithEvents:
    """The versions that run when events are stored, read with them; none where nothing was stored."""

    versions: list[Running] = field(default_factory=list)

    @property
    def listened(self) -> Listened:
        """What `events.log.receive` takes. It raises PolicyBroken as `running` does."""
        return Listened(_RUNNING_AS_ONE, self._types)

    def _types(self, read: Sequence[Any]) -> frozenset[str]:
        self.versions = _versions(read[0])
        return listened_types(self.versions)


def _versions(rows: Sequence[Sequence[Any]]) -> list[Running]:
    _fetch([identity for identity, _, _, _ in rows if identity not in _by_version])
    found = []
    for identity, number, state, percent in rows:
        compiled = _by_version[identity]
        if isinstance(compiled, PolicyBroken):
            if state == VersionState.LIVE:
                raise compiled
            continue
        found.append(Running(identity, number, VersionState(state), percent, compiled))
    return found


_by_version: dict[str, Compiled | PolicyBroken] = {}


def _fetch(version_ids: list[str]) -> None:
    if not version_ids:
        return
    for identity, text in query("SELECT id, text FROM policy_version WHERE id = ANY(%s)", [version_ids]).fetchall():
        try:
            _by_version[identity] = compile_text(text)
        except PolicyBroken as problem:
            _by_version[identity] = problem
            logger.error("the policy version %s does not read any more: `safeconduct doctor` says why", identity)


def listened_types(versions: Iterable[Running] | None = None) -> frozenset[str]:
    """Event types for which a decision is due, which teach us something about an earlier one, or which a protection
    acts on.

    ``versions``: those that run, where the caller has read them already.
    """
    chosen = running() if versions is None else versions
    types = frozenset(name for version in chosen for name in version.policy.event_types)
    return types | LABEL_TYPES | reactions.event_types()
