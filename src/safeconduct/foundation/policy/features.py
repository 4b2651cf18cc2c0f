"""Features and scores of a policy: from YAML to checked windows, ratios and models."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from safeconduct.foundation.policy.catalogue import Catalogue, EventType, Field
from safeconduct.foundation.policy.checker import check_condition
from safeconduct.foundation.policy.diagnostics import Findings, choices, offer, suggest, too_long
from safeconduct.foundation.policy.durations import read_duration_us
from safeconduct.foundation.policy.expressions import REFUSED, RESERVED
from safeconduct.foundation.policy.functions import FUNCTIONS, SPECIAL_FORMS
from safeconduct.foundation.policy.literals import Scope
from safeconduct.foundation.policy.nodes import EventField, Expr, Feature, Measure, Ratio, Score, Window
from safeconduct.foundation.policy.shape import SLUG, Shape
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.yaml_reader import Mapping as YamlMapping
from safeconduct.foundation.policy.yaml_reader import Node, Scalar, Sequence

#: A window is never longer: it is what the fact table keeps at hand, and what a person can answer for.
MAX_WINDOW_US = 400 * 86_400_000_000
MIN_WINDOW_US = 1_000_000
MAX_FEATURES = 100

_OF_EVENTS = (Measure.COUNT, Measure.FIRST_SEEN, Measure.LAST_SEEN)
_WINDOW_KEYS = frozenset({"of", "by", "matching", "over", "where", "including"})
_EXAMPLE = "{count: order.placed, by: buyer, over: 90 days}"
_RESULTS: dict[Measure, dict[Type, Type]] = {
    Measure.SUM: {Type.INTEGER: Type.INTEGER, Type.MONEY: Type.MONEY},
    Measure.AVG: {Type.INTEGER: Type.RATIONAL, Type.MONEY: Type.MONEY_RATE},
    Measure.MIN: {t: t for t in (Type.INTEGER, Type.MONEY, Type.TIMESTAMP)},
    Measure.MAX: {t: t for t in (Type.INTEGER, Type.MONEY, Type.TIMESTAMP)},
    Measure.DISTINCT: dict.fromkeys((Type.KEY, Type.TEXT, Type.INTEGER, Type.MONEY, Type.TIMESTAMP), Type.INTEGER),
}
_RATIOS = {
    (Type.INTEGER, Type.INTEGER): Type.RATIONAL,
    (Type.MONEY, Type.INTEGER): Type.MONEY_RATE,
    (Type.MONEY, Type.MONEY): Type.RATIONAL,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What features are read in: the catalogue, the policy's own event types and currency."""

    catalogue: Catalogue
    event_types: tuple[EventType, ...]
    currency: str | None


def fields_of(event_types: Collection[EventType]) -> dict[str, Field]:
    """Each field that at least one of these event types has; closed sets of texts are united."""
    found: dict[str, Field] = {}
    for event in event_types:
        for field in event.fields:
            known = found.get(field.name)
            if known is None:
                found[field.name] = field
            elif known.choices != field.choices:
                united = (
                    tuple(dict.fromkeys((*known.choices, *field.choices))) if known.choices and field.choices else ()
                )
                found[field.name] = Field(
                    field.name, field.type, field.meaning, indexed=field.indexed, personal=field.personal,
                    entity=field.entity, choices=united,
                )  # fmt: skip
    return found


def resolve_events(names: list[Scalar], catalogue: Catalogue, findings: Findings) -> tuple[EventType, ...]:
    """The event types of these names and aliases, once each; unknown ones are reported and left out."""
    found: dict[str, EventType] = {}
    for name in names:
        event = catalogue.resolve(name.value)
        if event is None:
            known = [*catalogue, *(a for e in catalogue.values() for a in e.aliases)]
            hint = suggest(name.value, known) or "there is " + choices(catalogue, limit=30)
            findings.error(name.at, "unknown-event", f"there is no event `{name.value[:60]}`", hint)
        elif event.name in found:
            findings.warning(name.at, "repeated", f"`{event.name}` is named twice", "remove one")
        else:
            found[event.name] = event
    return tuple(found.values())


def usable_name(key: Scalar, what: str, taken: Mapping[str, str], findings: Findings) -> bool:
    """Whether a feature or score may have this name; reports why not."""
    if key.value in RESERVED or key.value in REFUSED or key.value in FUNCTIONS or key.value in SPECIAL_FORMS:
        findings.error(
            key.at, "name", f"`{key.value}` is a word of the language", f"choose another name for the {what}"
        )
        return False
    if key.value in taken:
        findings.error(
            key.at, "name", f"`{key.value}` is already {taken[key.value]}", f"choose another name for the {what}"
        )
        return False
    return True


class FeatureReader:
    """Reads the `features:` of one policy."""

    def __init__(self, setting: Setting, findings: Findings) -> None:
        self.setting = setting
        self.findings = findings
        self.shape = Shape(findings)

    def read(self, node: Node, taken: dict[str, str]) -> dict[str, Feature]:
        """Every feature that is right, by name; adds the names to `taken`. Wrong ones are reported."""
        mapping = self.shape.mapping(node, "`features`", f"buyer_orders_90d: {_EXAMPLE}")
        if mapping is None:
            return {}
        if len(mapping.items) > MAX_FEATURES:
            self.findings.error(mapping.at, "too-many", f"{len(mapping.items)} features; at most {MAX_FEATURES}")
            return {}
        found: dict[str, Feature] = {}
        ratios: list[tuple[Scalar, YamlMapping]] = []
        for key, value in self.shape.named(mapping, "a feature"):
            if not usable_name(key, "feature", taken, self.findings):
                continue
            taken[key.value] = "a feature"
            body = self.shape.mapping(value, f"the feature `{key.value}`", _EXAMPLE)
            if body is not None and "ratio" in body.items:
                ratios.append((key, body))
            elif body is not None and (window := self.window(key, body)) is not None:
                found[key.value] = window
        windows = dict(found)
        broken = set(mapping.items) - set(windows) - {key.value for key, _ in ratios}
        for key, body in ratios:
            if (ratio := self.ratio(key, body, windows, broken)) is not None:
                found[key.value] = ratio
        return {name: found[name] for name in mapping.items if name in found}

    def window(self, key: Scalar, body: YamlMapping) -> Window | None:
        measures = [m for m in Measure if m.value in body.items]
        self.shape.only(body, {m.value for m in Measure} | _WINDOW_KEYS, f"the feature `{key.value}`")
        if len(measures) != 1:
            self.findings.error(
                key.at, "measure", f"the feature `{key.value}` must measure exactly one thing",
                "it measures one of " + choices(m.value for m in Measure) + f"; for example {_EXAMPLE}",
            )  # fmt: skip
            return None
        measure = measures[0]
        events = self.events(measure, body)
        if not events:
            return None
        kind, value = self.value(measure, body, events)
        by, match = self.keys(key, body, events)
        over_us = self.over(key, body)
        current = self.including(body)
        where, sound = self.where(key, body, events)
        if kind is None or by is None or match is None or over_us is None or not sound:
            return None
        return Window(
            key.value, kind, measure, tuple(e.name for e in events), by, match, over_us, value, where, current,
            span=self.findings.source.span(*key.at),
        )  # fmt: skip

    def events(self, measure: Measure, body: YamlMapping) -> tuple[EventType, ...]:
        if measure in _OF_EVENTS:
            if "of" in body.items:
                self.findings.error(
                    body.key("of").at, "unknown-key", f"`{measure.value}` names its events itself",
                    f"write `{measure.value}: order.placed` and remove `of`",
                )  # fmt: skip
            node = body.items[measure.value][1]
            return resolve_events(
                self.shape.texts(node, f"`{measure.value}`", "order.placed"), self.setting.catalogue, self.findings
            )
        node_of = body.get("of")
        if node_of is None:
            return self.setting.event_types
        return resolve_events(self.shape.texts(node_of, "`of`", "order.placed"), self.setting.catalogue, self.findings)

    def value(
        self, measure: Measure, body: YamlMapping, events: tuple[EventType, ...]
    ) -> tuple[Type | None, str | None]:
        """The feature's type and the field it measures; no type after reporting."""
        if measure is Measure.COUNT:
            return Type.INTEGER, None
        if measure in _OF_EVENTS:
            return Type.TIMESTAMP, None
        name = self.shape.text(body.items[measure.value][1], f"`{measure.value}`", "amount")
        if name is None:
            return None, None
        possible = _RESULTS[measure]
        field = self.field(name, events, lambda f: f.type in possible)
        if field is None:
            return None, None
        if field.type not in possible:
            self.findings.error(
                name.at, "type", f"`{measure.value}` does not take {field.type.value}, and `{field.name}` is that",
                "it takes " + ", ".join(sorted(t.value for t in possible)),
            )  # fmt: skip
            return None, None
        kind = possible[field.type]
        if kind in (Type.MONEY, Type.MONEY_RATE) and self.setting.currency is None:
            self.findings.error(
                name.at,
                "currency",
                f"`{field.name}` is money, and the policy does not say which currency it counts in",
                "add `in: USD` (or your reporting currency) to the policy",
            )  # fmt: skip
            return None, None
        return kind, field.name

    def field(self, name: Scalar, events: tuple[EventType, ...], fits: Callable[[Field], bool]) -> Field | None:
        """An indexed field of at least one of these event types; reports why not."""
        fields = fields_of(events)
        known = {n for n, f in fields.items() if f.indexed and fits(f)}
        field = fields.get(name.value)
        where = " or ".join(f"`{e.name}`" for e in events[:4])
        if field is None:
            hint = suggest(name.value, known) or offer(
                "possible here:", known, 20, none="no field of it can stand here"
            )
            self.findings.error(name.at, "unknown-field", f"{where} has no field `{name.value[:60]}`", hint)
            return None
        if not field.indexed:
            self.findings.error(
                name.at,
                "not-indexed",
                f"`{field.name}` is not kept for windows",
                "possible here: " + choices(known, limit=20),
            )
            return None
        return field

    def keys(self, key: Scalar, body: YamlMapping, events: tuple[EventType, ...]) -> tuple[str | None, str | None]:
        node = body.get("by")
        if node is None:
            self.findings.error(
                key.at,
                "by",
                f"the feature `{key.value}` does not say by whom it counts",
                "add `by: buyer`, or another key",
            )
            return None, None
        name = self.shape.text(node, "`by`", "buyer")
        if name is None:
            return None, None
        by = self.key_field(name, self.setting.event_types)
        if by is None:
            return None, None
        other_node = body.get("matching")
        other = self.shape.text(other_node, "`matching`", "buyer") if other_node is not None else name
        if other is None:
            return by.name, None
        if other_node is None and by.name not in fields_of(events):
            same = [n for n, f in fields_of(events).items() if f.entity == by.entity and f.indexed]
            hint = (
                f"add `matching: {same[0]}`"
                if same
                else "its keys are " + choices(n for n, f in fields_of(events).items() if f.entity)
            )
            shown = " or ".join(f"`{e.name}`" for e in events[:4])
            self.findings.error(name.at, "unknown-field", f"{shown} has no field `{by.name}` to match", hint)
            return by.name, None
        match = self.key_field(other, events)
        if match is not None and match.entity != by.entity:
            self.findings.error(
                other.at,
                "type",
                f"`{match.name}` is a key of another kind ({match.entity}) than `{by.name}` ({by.entity})",
                "match keys of one kind with each other",
            )  # fmt: skip
            return by.name, None
        return by.name, match.name if match else None

    def key_field(self, name: Scalar, events: tuple[EventType, ...]) -> Field | None:
        field = self.field(name, events, lambda f: f.entity is not None)
        if field is not None and field.entity is None:
            known = choices(n for n, f in fields_of(events).items() if f.entity)
            self.findings.error(
                name.at,
                "type",
                f"`{field.name}` is {field.type.value}; windows are counted by a key",
                f"keys are {known}",
            )
            return None
        return field

    def over(self, key: Scalar, body: YamlMapping) -> int | None:
        node = body.get("over")
        if node is None:
            self.findings.error(
                key.at,
                "window",
                f"the feature `{key.value}` has no bound in time",
                "add `over: 90 days`, at most 400 days",
            )
            return None
        text = self.shape.text(node, "`over`", "90 days")
        if text is None:
            return None
        try:
            over_us = read_duration_us(text.value)
        except ValueError as error:
            self.findings.error(text.at, "window", str(error))
            return None
        if not MIN_WINDOW_US <= over_us <= MAX_WINDOW_US:
            self.findings.error(
                text.at, "window", f"`{text.value}` is outside of what a window may be", "1 second to 400 days"
            )
            return None
        return over_us

    def including(self, body: YamlMapping) -> bool:
        node = body.get("including")
        if node is None:
            return False
        if not isinstance(node, Scalar) or node.value != "current":
            self.findings.error(node.at, "choice", "`including` can only be `current`", "write `including: current`")
        return True

    def where(self, key: Scalar, body: YamlMapping, events: tuple[EventType, ...]) -> tuple[Expr | None, bool]:
        """The condition on the earlier events, and whether it was sound."""
        node = body.get("where")
        if node is None:
            return None, True
        text = self.shape.text(node, "`where`", "\"outcome = 'approved'\"")
        if text is None:
            return None, False
        fields = fields_of(events)
        scope = Scope(
            names={n: (EventField(f.type, n), f) for n, f in fields.items() if f.indexed},
            currency=self.setting.currency,
            what=f"the `where` of `{key.value}`",
            refused={n: "only indexed fields are kept for windows" for n, f in fields.items() if not f.indexed}
            | _own_names(fields, self.setting.event_types),
            may_ask_lists=False,
        )
        found = check_condition(text, scope, self.findings)
        return found, found is not None

    def ratio(
        self, key: Scalar, body: YamlMapping, windows: Mapping[str, Feature], broken: Collection[str]
    ) -> Ratio | None:
        self.shape.only(body, {"ratio"}, f"the ratio `{key.value}`")
        node = body.items["ratio"][1]
        parts = self.shape.texts(node, "ratio", "[refunds_90d, orders_90d]") if isinstance(node, Sequence) else []
        if len(parts) != 2:
            self.findings.error(
                node.at, "shape", "a ratio is of two features", "for example {ratio: [refunds_90d, orders_90d]}"
            )
            return None
        for part in parts:
            if part.value not in windows:
                if part.value not in broken:
                    hint = suggest(part.value, windows) or offer(
                        "features are", windows, none="the policy has no feature with a window"
                    )
                    self.findings.error(
                        part.at, "unknown-name", f"`{part.value[:60]}` is not a feature with a window", hint
                    )
                return None
        above, below = windows[parts[0].value], windows[parts[1].value]
        kind = _RATIOS.get((above.type, below.type))
        if kind is None:
            self.findings.error(
                node.at, "type", f"{above.type.value} divided by {below.type.value} has no type",
                "divide counts, sums of integers or amounts",
            )  # fmt: skip
            return None
        return Ratio(key.value, kind, above.name, below.name, span=self.findings.source.span(*key.at))


def _own_names(fields: Mapping[str, Field], own: tuple[EventType, ...]) -> dict[str, str]:
    """Fields of the decided event that an earlier event does not have."""
    why = "`where` looks at the earlier event; compare with the decided event in the rule's `when`"
    return {n: why for n in fields_of(own) if n not in fields}


def read_scores(node: Node, taken: dict[str, str], findings: Findings) -> dict[str, Score]:
    """The `scores:` of a policy: name → model."""
    shape = Shape(findings)
    mapping = shape.mapping(node, "`scores`", "fraud: {model: order-fraud}")
    found: dict[str, Score] = {}
    for key, value in shape.named(mapping, "a score") if mapping is not None else ():
        if not usable_name(key, "score", taken, findings):
            continue
        taken[key.value] = "a score"
        body = shape.mapping(value, f"the score `{key.value}`", "{model: order-fraud}")
        if body is None:
            continue
        shape.only(body, {"model"}, f"the score `{key.value}`")
        model = body.get("model")
        if model is None:
            findings.error(key.at, "model", f"the score `{key.value}` names no model", "add `model: order-fraud`")
            continue
        name = shape.text(model, "`model`", "order-fraud")
        if name is None:
            continue
        if not SLUG.fullmatch(name.value):
            hint = too_long(name.value) or "use a to z, 0 to 9 and -"
            findings.error(name.at, "name", f"`{name.value[:60]}` is not a model's name", hint)
            continue
        found[key.value] = Score(key.value, name.value, span=findings.source.span(*key.at))
    return found
