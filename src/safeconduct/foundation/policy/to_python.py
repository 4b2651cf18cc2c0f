"""A policy as one Python function: all its rules over one event, in about a microsecond.

The rules of a policy become a single code object. For each rule it asks first whether the rule can be true or unknown
at all, one two-valued condition with short cuts; only where it can does it tell the two apart. So unknowns are
reported at hardly any cost, and an event that fires nothing never builds a three-valued value.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from operator import itemgetter
from threading import Lock
from typing import NamedTuple

from safeconduct.foundation.policy.nodes import Action, Arith, Call, Expr, Negate, Policy
from safeconduct.foundation.policy.python_expressions import NOW, PythonExpressions
from safeconduct.foundation.policy.tree import children
from safeconduct.foundation.policy.types import PAIRS

Values = Mapping[str, object]
Lists = Mapping[str, Collection[object]]
Result = tuple[list[int], list[int]]
Function = Callable[[Values, Lists], Result]

__all__ = ["NOW", "RuleProgram", "Verdict", "compile_rules"]


class Verdict(NamedTuple):
    """What the rules say together.

    ``action``: the highest of the fired and unknown rules' actions, ALLOW where there is none.
    ``decisive``: the rules that called for exactly that action, fired ones or unknown ones.
    ``fired``, ``unknown``: all of them, as positions in ``policy.rules``, also those that were overridden.
    ``overridden``: fired or unknown rules without effect, because ``allow_list`` (list name, field) held.
    """

    action: Action
    decisive: tuple[int, ...]
    fired: tuple[int, ...]
    unknown: tuple[int, ...]
    overridden: tuple[int, ...]
    allow_list: tuple[str, str] | None


class RuleProgram:
    """The compiled rules of one policy; made by `compile_rules`, safe to share between threads."""

    def __init__(
        self, policy: Policy, names: tuple[str, ...], lists: tuple[str, ...], source: str,
        function: Function,
    ) -> None:  # fmt: skip
        self.policy = policy
        #: Names whose values the rules read: fields, features, scores, and `NOW`.
        self.names = names
        #: Names of the lists the rules read.
        self.lists = lists
        #: The generated code, to be looked at.
        self.source = source
        self._function = function
        self._fired_ranks = tuple(r.then.rank for r in policy.rules)
        self._unknown_ranks = tuple(r.unknown.rank for r in policy.rules)

    def run(self, values: Values, lists: Lists) -> Result:
        """Positions of the rules that fire, and of those that are unknown, over one event.

        ``values`` by name: fields of the event, features and scores, each as its type's representation (`types`), None
        or no entry where it is unknown; an AVG feature as (sum, count); `NOW` as microseconds since 2020-01-01Z. A
        `Ratio` is computed from its parts. ``lists``: the members of each list the policy reads, best as frozensets.
        Raises KeyError for a list that is not given.
        """
        return self._function(values, lists)

    def verdict(self, values: Values, lists: Lists, muted: Collection[int] = ()) -> Verdict:
        """The action over one event, and why; see `run` for the arguments.

        All rules are evaluated, then block > review > challenge > allow. Membership in one of the policy's allow-lists
        takes the effect of `listable` rules away, and of no others. An unknown rule counts with its `unknown` action.
        ``muted``: positions of rules that are evaluated and reported, but have no effect.
        """
        fired, unknown = self._function(values, lists)
        if not fired and not unknown:
            return _NOTHING
        allowed = self._allowed(values, lists) if self.policy.allow_lists else None
        overridden: tuple[int, ...] = ()
        counted, missed = fired, unknown
        if muted:
            counted = [i for i in fired if i not in muted]
            missed = [i for i in unknown if i not in muted]
        if allowed is not None:
            rules = self.policy.rules
            overridden = tuple(sorted(i for i in (*counted, *missed) if rules[i].listable))
            counted = [i for i in counted if not rules[i].listable]
            missed = [i for i in missed if not rules[i].listable]
        action, decisive = self._strictest(counted, missed)
        return Verdict(action, decisive, tuple(fired), tuple(unknown), overridden, allowed)

    def _strictest(self, fired: list[int], unknown: list[int]) -> tuple[Action, tuple[int, ...]]:
        """The highest action that these rules call for, and the rules that call for it."""
        by_firing, by_unknown = self._fired_ranks, self._unknown_ranks
        rank = 0
        for i in fired:
            if by_firing[i] > rank:
                rank = by_firing[i]
        for i in unknown:
            if by_unknown[i] > rank:
                rank = by_unknown[i]
        if not rank:
            return Action.ALLOW, ()
        decisive = [i for i in fired if by_firing[i] == rank]
        missed = [i for i in unknown if by_unknown[i] == rank]
        return _ACTIONS[rank], tuple(sorted(decisive + missed) if missed else decisive)

    def _allowed(self, values: Values, lists: Lists) -> tuple[str, str] | None:
        for name, field in self.policy.allow_lists:
            value = values.get(field)
            if value is not None and value in lists[name]:
                return name, field
        return None


# CPython counts the depth of a tree it makes or reads in one number for all threads (python/cpython#106905), so that
# two threads at it spoil each other's count and one of them fails with SystemError.
_COMPILER = Lock()
_NOTHING = Verdict(Action.ALLOW, (), (), (), (), None)
_ACTIONS = tuple(sorted(Action, key=lambda a: a.rank))


def compile_rules(policy: Policy) -> RuleProgram:
    """The rules of a checked policy as one function. Raises TypeError for a tree the checker would not accept."""
    coder = PythonExpressions(policy)
    body: list[str] = []
    for node in _repeated(policy):
        name, code = coder.share(node)
        body.append(f"    {name} = {code}")
    for position, rule in enumerate(policy.rules):
        maybe = coder.condition(rule.when, want=True, or_unknown=True)
        surely = coder.condition(rule.when, want=True, or_unknown=False)
        body.append(f"    if {maybe}:")
        if surely == maybe:
            body.append(f"        fired.append({position})")
            continue
        body.append(f"        if {surely}: fired.append({position})")
        body.append(f"        else: unknown.append({position})")
    head = ["def decide(values, lists):", *_reading(coder)]
    head += [f"    {local} = lists[{coder.constant(name)}]" for name, local in coder.lists.items()]
    source = "\n".join([*head, "    fired = []", "    unknown = []", *body, "    return fired, unknown", ""])
    return RuleProgram(policy, tuple(coder.inputs), tuple(coder.lists), source, _build(source, policy, coder.constants))


def _reading(coder: PythonExpressions) -> list[str]:
    """Code that puts the inputs into locals. All of them at once is twice as fast as one by one, and works where none
    lacks an entry, as with the engine."""
    names = tuple(coder.inputs)
    if not names:
        return []
    inputs = ", ".join(coder.inputs.values())
    one_by_one = f"{inputs}, = {coder.constant(map)}(values.get, {coder.constant(names)})"
    if len(names) == 1:
        return ["    " + one_by_one]
    return [
        "    try:",
        f"        {inputs} = {coder.constant(itemgetter(*names))}(values)",
        f"    except {coder.constant(KeyError)}:",
        "        " + one_by_one,
    ]


def _build(source: str, policy: Policy, constants: Mapping[str, object]) -> Function:
    """The function of generated source, with texts, numbers and sets as constants of its code."""
    with _COMPILER:
        tree = _Constants(constants).visit(ast.parse(source))
        code = compile(tree, f"<policy {policy.name}>", "exec")
    namespace: dict[str, object] = {"__builtins__": {}, **constants}
    exec(code, namespace)  # noqa: S102  generated names only
    function: Function = namespace["decide"]  # type: ignore[assignment]
    return function


class _Constants(ast.NodeTransformer):
    """Puts a constant where its name stands, so that the code loads it without looking it up."""

    def __init__(self, constants: Mapping[str, object]) -> None:
        self._constants = constants

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self._constants.get(node.id)
        if not isinstance(value, (str, float, frozenset, tuple)):
            return node
        # A frozenset is a constant to compile(), which typeshed does not know.
        return ast.copy_location(ast.Constant(value), node)  # type: ignore[arg-type]


def _repeated(policy: Policy) -> Iterator[Expr]:
    """Calculations that stand in more than one place, inner ones first: each is carried out once an event."""
    seen: Counter[Expr] = Counter()

    def count(node: Expr) -> None:
        for child in children(node):
            count(child)
        if isinstance(node, (Arith, Negate, Call)) and node.type not in PAIRS:
            seen[node] += 1

    for rule in policy.rules:
        count(rule.when)
    return (node for node, times in seen.items() if times > 1)
