"""Reads workflows and presets from YAML. Everything that is wrong with a text is told at once, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from safeconduct.foundation.aliases import written_out
from safeconduct.foundation.clocks.errors import ClockError
from safeconduct.foundation.clocks.terms import Term, read_term
from safeconduct.foundation.money import Money, MoneyError
from safeconduct.kernel.cases.errors import WorkflowRefused
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing, Status
from safeconduct.kernel.cases.workflow import (
    BACKSTOP,
    LANGUAGES,
    NEEDS,
    NO_MONEY,
    Clock,
    Ending,
    Sentence,
    Silence,
    State,
    Transition,
    Workflow,
    version_of,
)

_WORKFLOW: Final = {"workflow", "title", "parties", "start", "states", "backstop", "money", "second_person_above"}
_STATE: Final = {"title", "status", "acts", "clock", "silence", "moves"}
_MOVE: Final = {"title", "by", "each", "to", "money", "guards", "needs", "ending", "does"}
_CLOCK: Final = {"key", "term", "of", "floor", "starts_on", "else_after", "extensions", "extension"}
_SILENCE: Final = {"do", "preset", "instead"}
_ENDING: Final = {"remedy", "liability", "standing", "because"}
_PRESET: Final = {"preset", "since", "source", "markets", "terms", "silence", "second_person_above"}
_LONGEST_TEXT: Final = 200_000
#: The largest that ships has about 700.
_MOST_VALUES: Final = 20_000
#: What `second_person_above: never` says: one person decides, whatever the amount.
_NEVER: Final = "never"
#: What `silence: escalate` says: the platform missed its own clock.
_ESCALATE: Final = "escalate"

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Preset:
    """A marketplace's own numbers: terms by key, and the silences in which it has chosen the other step.

    ``markets``: buyer countries it is for; empty for all. ``source``: where the numbers come from. ``second_above``:
    as of a workflow, if it ``says_second``; else the workflow's own stand.
    """

    name: str
    since: date
    source: str
    markets: tuple[str, ...]
    terms: Mapping[str, Term]
    silence: frozenset[str]
    text: str
    says_second: bool = False
    second_above: Mapping[str, int] | None = None


def read_workflow(text: str, preset: Preset | None = None) -> Workflow:
    """The workflow a text says, with a preset's numbers in it. Raises WorkflowRefused for what it cannot read."""
    reader = _Reader()
    raw = reader.mapping("", _load(text), _WORKFLOW)
    name = reader.text("workflow", raw.get("workflow"))
    states = {
        str(key): reader.state(str(key), value)
        for key, value in reader.mapping("states", raw.get("states"), None).items()
    }  # fmt: skip
    backstop = raw.get("backstop")
    workflow = Workflow(
        name, reader.sentence("title", raw.get("title")), reader.many("parties", raw.get("parties"), Role),
        reader.text("start", raw.get("start")), states,
        None if backstop is None else reader.move("backstop", BACKSTOP, {"by": ["engine"], **dict(backstop)}),
        version_of(text, preset.text) if preset else version_of(text), str(raw.get("money") or NO_MONEY),
        preset.markets if preset else (), "second_person_above" in raw,
        reader.amounts("second_person_above", raw.get("second_person_above")),
    )  # fmt: skip
    if preset is not None:
        workflow = _filled(workflow, preset, reader)
    if reader.findings:
        raise WorkflowRefused(name or "workflow", reader.findings)
    return workflow


def read_preset(text: str) -> Preset:
    """The preset a text says. Raises WorkflowRefused for what it cannot read."""
    reader = _Reader()
    raw = reader.mapping("", _load(text), _PRESET)
    terms = {
        str(key): term
        for key, value in reader.mapping("terms", raw.get("terms") or {}, None).items()
        if (term := reader.term(f"terms.{key}", value)) is not None
    }  # fmt: skip
    since = raw.get("since")
    if not isinstance(since, date):
        reader.say("since", "is the day from which it holds, such as 2026-11-01")
    preset = Preset(
        reader.text("preset", raw.get("preset")), since if isinstance(since, date) else date.min,
        reader.text("source", raw.get("source")), tuple(map(str, raw.get("markets") or ())), terms,
        frozenset(map(str, raw.get("silence") or ())), text, "second_person_above" in raw,
        reader.amounts("second_person_above", raw.get("second_person_above")),
    )  # fmt: skip
    if reader.findings:
        raise WorkflowRefused(preset.name or "preset", reader.findings)
    return preset


def _load(text: str) -> Any:
    if len(text) > _LONGEST_TEXT:
        raise WorkflowRefused("workflow", [f"the text is longer than {_LONGEST_TEXT} characters"])
    try:
        found = YAML(typ="safe", pure=True).load(text)
        values = written_out(found, _MOST_VALUES)
    except YAMLError as problem:
        raise WorkflowRefused("workflow", [f"no YAML: {' '.join(str(problem).split())}"]) from None
    except RecursionError:
        raise WorkflowRefused("workflow", ["no YAML that can be read: it is nested too deeply"]) from None
    if values > _MOST_VALUES:
        raise WorkflowRefused(
            "workflow", [f"it has more than {_MOST_VALUES:,} values once its aliases are written out"]
        )
    return found


def _filled(workflow: Workflow, preset: Preset, reader: _Reader) -> Workflow:
    keys = {state.clock.key for state in workflow.states.values() if state.clock is not None}
    choices = {state.silence.preset for state in workflow.states.values() if state.silence is not None}
    for key in sorted(preset.terms.keys() - keys):
        reader.say(f"preset {preset.name}, terms.{key}", f"no clock has this key; there are {', '.join(sorted(keys))}")
    for choice in sorted(preset.silence - choices):
        reader.say(f"preset {preset.name}, silence", f"no silence is called {choice}")
    states = {}
    for name, state in workflow.states.items():
        if state.clock is not None and state.clock.key in preset.terms:
            state = replace(state, clock=replace(state.clock, term=preset.terms[state.clock.key]))
        if state.silence is not None and state.silence.preset in preset.silence:
            own = state.silence.do or ""
            state = replace(state, silence=replace(state.silence, do=state.silence.instead, otherwise=own))
        states[name] = state
    if preset.says_second:
        workflow = replace(workflow, says_second=True, second_above=preset.second_above)
    return replace(workflow, states=states)


class _Reader:
    """Takes values apart and collects what is wrong with them."""

    def __init__(self) -> None:
        self.findings: list[str] = []

    def say(self, place: str, problem: str) -> None:
        self.findings.append(f"{place or 'the text'} {problem}")

    def state(self, name: str, value: Any) -> State:
        place = f"states.{name}"
        raw = self.mapping(place, value, _STATE)
        moves = {
            str(key): self.move(f"{place}.moves.{key}", str(key), move)
            for key, move in self.mapping(f"{place}.moves", raw.get("moves") or {}, None).items()
        }  # fmt: skip
        acts = self.many(f"{place}.acts", raw.get("acts") or [], Role)
        clock, silence = raw.get("clock"), raw.get("silence")
        return State(
            name, self.sentence(f"{place}.title", raw.get("title")),
            self.word(f"{place}.status", raw.get("status"), Status, Status.OPEN), acts,
            None if clock is None else self.clock(f"{place}.clock", clock, acts),
            None if silence is None else self.silence(f"{place}.silence", silence), moves,
        )  # fmt: skip

    def move(self, place: str, name: str, value: Any) -> Transition:
        raw = self.mapping(place, value, _MOVE)
        needs = frozenset(map(str, raw.get("needs") or ()))
        for wrong in sorted(needs - NEEDS):
            self.say(f"{place}.needs", f"has {wrong}; possible are {', '.join(sorted(NEEDS))}")
        ending = raw.get("ending")
        return Transition(
            name, self.many(f"{place}.by", raw.get("by"), Role), self.text(f"{place}.to", raw.get("to")),
            self.text(f"{place}.money", raw.get("money") or None, f"says what it does to money, or {NO_MONEY}"),
            self.sentence(f"{place}.title", raw.get("title")), bool(raw.get("each", False)),
            tuple(map(str, raw.get("guards") or ())), needs,
            None if ending is None else self.ending(f"{place}.ending", ending), tuple(map(str, raw.get("does") or ())),
        )  # fmt: skip

    def ending(self, place: str, value: Any) -> Ending:
        raw = self.mapping(place, value, _ENDING)
        return Ending(
            self.word(f"{place}.remedy", raw.get("remedy"), Remedy, Remedy.NOTHING),
            self.word(f"{place}.liability", raw.get("liability"), Liability, Liability.NOBODY),
            self.word(f"{place}.standing", raw.get("standing"), Standing, Standing.DOES_NOT_COUNT),
            self.sentence(f"{place}.because", raw.get("because")),
        )

    def clock(self, place: str, value: Any, acts: Sequence[Role]) -> Clock:
        raw = self.mapping(place, value, _CLOCK)
        return Clock(
            self.text(f"{place}.key", raw.get("key")),
            self.term(f"{place}.term", raw.get("term")) or read_term("1 day"),
            self.word(f"{place}.of", raw.get("of") or (acts[0] if acts else Role.OPERATOR), Role, Role.OPERATOR),
            str(raw.get("floor") or ""), str(raw.get("starts_on") or ""),
            self.optional_term(f"{place}.else_after", raw.get("else_after")), int(raw.get("extensions") or 0),
            self.optional_term(f"{place}.extension", raw.get("extension")),
        )  # fmt: skip

    def silence(self, place: str, value: Any) -> Silence:
        if value == _ESCALATE:
            return Silence(None)
        raw = self.mapping(place, value, _SILENCE)
        return Silence(
            self.text(f"{place}.do", raw.get("do")), str(raw.get("preset") or ""), str(raw.get("instead") or "")
        )  # fmt: skip

    def mapping(self, place: str, value: Any, allowed: set[str] | None) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self.say(place, "is missing, or has no parts")
            return {}
        if allowed is not None:
            for key in value.keys() - allowed:
                self.say(f"{place}.{key}".lstrip("."), f"is unknown; possible are {', '.join(sorted(allowed))}")
        return value

    def text(self, place: str, value: Any, problem: str = "is missing") -> str:
        if not isinstance(value, str) or not value.strip():
            self.say(place, problem)
            return ""
        return value

    def sentence(self, place: str, value: Any) -> Sentence:
        if not isinstance(value, Mapping) or any(not value.get(language) for language in LANGUAGES):
            self.say(place, f"is a sentence in each of {', '.join(LANGUAGES)}")
            return dict.fromkeys(LANGUAGES, "")
        return {language: str(value[language]) for language in LANGUAGES}

    def amounts(self, place: str, value: Any) -> Mapping[str, int] | None:
        if value is None or value == _NEVER:
            return None
        if not isinstance(value, (list, tuple)) or not value:
            self.say(place, f"is a list of amounts such as [1000 USD, 900 EUR], or {_NEVER}")
            return None
        found: dict[str, int] = {}
        for item in value:
            number, _, currency = str(item).partition(" ")
            try:
                amount = Money.parse(number, currency)
            except MoneyError as problem:
                self.say(place, f"has {item!r}: {problem}")
                continue
            if amount.minor < 0:
                self.say(place, f"has {item!r}; an amount is zero or more")
            if currency in found:
                self.say(place, f"has {currency} twice")
            found[currency] = amount.minor
        return found

    def term(self, place: str, value: Any) -> Term | None:
        return self._made(place, value, lambda: read_term(str(value)))

    def optional_term(self, place: str, value: Any) -> Term | None:
        return None if value is None else self.term(place, value)

    def word(self, place: str, value: Any, words: type[E], otherwise: E) -> E:
        try:
            return words(str(value))
        except ValueError:
            self.say(place, f"is {value!r}; possible are {', '.join(words)}")
            return otherwise

    def many(self, place: str, value: Any, words: type[E]) -> tuple[E, ...]:
        if not isinstance(value, (list, tuple)):
            self.say(place, f"is a list of {', '.join(words)}")
            return ()
        made = [self._made(place, item, partial(words, str(item))) for item in value]
        return tuple(word for word in made if word is not None)

    def _made(self, place: str, value: Any, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except ClockError as problem:
            self.say(place, str(problem))
        except ValueError:
            self.say(place, f"has {value!r}, which is none of its words")
        return None
