"""One decision as a page shows it: what was decided and why, on what facts, who is linked, what happened since.

`load` reads, `Case` arranges. Personal values are never shown whole: keys are revealed, masked and forgotten here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from safeconduct.console.words import LABELS, event_name, field_name, policy_language, spoken
from safeconduct.foundation.moments import TIE_BITS, at_micros, moment_time
from safeconduct.foundation.policy.counterfactual import claim_text, counterfactuals
from safeconduct.foundation.policy.explain import shown, value_text
from safeconduct.foundation.policy.nodes import Part, Policy
from safeconduct.foundation.policy.to_python import NOW
from safeconduct.foundation.policy.tree import names
from safeconduct.foundation.policy.types import Type
from safeconduct.kernel.decisions import links as linked
from safeconduct.kernel.decisions import membership, queries
from safeconduct.kernel.decisions.errors import NotFound
from safeconduct.kernel.decisions.models import Decision, DecisionKind, Label, Review
from safeconduct.kernel.decisions.running import Compiled, PolicyBroken, compile_text
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.ledger.platform import holds_of_order
from safeconduct.kernel.ledger.queries import HoldLine
from safeconduct.kernel.parties.models import Seller, User
from safeconduct.kernel.protection import OrderNote, protections
from safeconduct.kernel.ui import formats
from safeconduct.kernel.ui.graph import Edge, Node
from safeconduct.kernel.ui.parts import ACTIONS, Moment, Reason
from safeconduct.kernel.vault.pseudonyms import mask, reveal

#: Fields that are written first, in this order; the others follow by name.
_FIRST = ("amount", "seller", "buyer", "card", "device", "ip", "email", "address", "billing_address")
#: For whom a rule may rest, the likeliest first; for one order it would be of no use.
_RESTS_FOR = ("buyer", "card", "device", "ip", "email", "phone", "address", "bank_account", "member", "seller")
#: Never in the facts: they stand elsewhere on the page.
_NOT_FACTS = frozenset({"moment", "type", "occurred", "imported", "order"})


class Names:
    """Masked names of entities by key; one query for all of them."""

    def __init__(self, keys: Iterable[int | None]) -> None:
        wanted = {key for key in keys if key is not None}
        self._found = reveal(wanted) if wanted else {}

    def of(self, key: int | None) -> str:
        """What a person may see of an entity; a dash where there is none, a short number where it was erased."""
        if key is None:
            return "\N{EN DASH}"
        entity = self._found.get(key)
        return mask(*entity) if entity else f"#{key % 10_000:04d}"


@dataclass
class Case:
    """A decision with all that its page shows; `arrange` needs the names of its keys."""

    decision: Decision
    chain: list[Decision]
    review: Review | None
    fact: dict[str, Any]
    links: linked.Links
    events: list[Event]
    people: dict[str, User]
    members: dict[str, frozenset[object]]
    labels: list[Label] = field(default_factory=list)
    others: dict[int, Decision] = field(default_factory=dict)
    held: list[HoldLine] = field(default_factory=list)
    notes: list[OrderNote] = field(default_factory=list)
    names: Names = field(default_factory=lambda: Names(()))
    seller: Seller | None = None

    def keys(self) -> set[int]:
        """All keys whose names the page shows."""
        found = {self.fact[name] for name in CATALOGUE.key_fields if self.fact.get(name) is not None}
        found |= set(self.links.shared.values()) | {party.key for party in self.links.parties} | set(self.others)
        if self.decision.order_key is not None:
            found.add(self.decision.order_key)
        return found

    @property
    def version(self) -> Any:
        return self.decision.version

    @property
    def standing(self) -> Decision:
        """The decision that holds now: this one, or the one a person put in its place."""
        return next((d for d in reversed(self.chain) if d.standing), self.decision)

    @property
    def at(self) -> datetime:
        return moment_time(self.decision.moment)

    @property
    def order_name(self) -> str:
        return self.names.of(self.decision.order_key) if self.decision.order_key is not None else ""

    @property
    def event_title(self) -> str:
        code = self.fact.get("type")
        return next((event_name(e.name)[0] for e in CATALOGUE.values() if e.code == code), "")

    @cached_property
    def compiled(self) -> Compiled | None:
        try:
            return compile_text(self.decision.version.text)
        except PolicyBroken:
            return None

    @property
    def holds(self) -> list[tuple[HoldLine, str, str]]:
        """(hold, why, what releases it) of the order's money."""
        return [(hold, hold.says(policy_language()), hold.release_says(policy_language())) for hold in self.held]

    # -- why ----------------------------------------------------------------------------------------------------------

    @property
    def values(self) -> dict[str, Any]:
        kept = {name: tuple(v) if isinstance(v, list) else v for name, v in self.decision.values.items()}
        return {**self.fact, **kept, NOW: self.decision.moment >> TIE_BITS}

    @property
    def lines(self) -> list[dict[str, Any]]:
        return list(self.decision.reasons.get("statement", ()))

    @property
    def reasons(self) -> list[Reason]:
        """The statement of reasons in full, each fired rule with the values it read."""
        version = self.decision.version_id
        return [
            Reason(
                spoken(line["full"]), line["action"], line["rule"], str(self.version.number) if line["rule"] else "",
                facts=self._rule_facts(line["rule"]), url=reverse("console:rule_page", args=[version, line["rule"]]) if line["rule"] else "",
            )
            for line in self.lines if not line["missing"]
        ]  # fmt: skip

    @property
    def restable(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The rules that spoke with effect, each with the entities of this event for which it may rest."""
        if self.decision.kind == DecisionKind.SHADOW:
            return []
        known = [(name, self.names.of(self.fact[name])) for name in _RESTS_FOR if self.fact.get(name) is not None]
        entities = [(name, f"{field_name(name)}: {shown}") for name, shown in known]
        muted = set(self.decision.muted)
        return [(name, entities) for name in self.decision.fired if name not in muted]

    @property
    def not_checked(self) -> list[tuple[str, str, str]]:
        """(rule, its action, what was missing) of rules that could not be checked; also those without effect."""
        missing = {line["rule"]: (line["action"], line["missing"]) for line in self.lines}
        rules = {rule.name: rule for rule in self.compiled.policy.rules} if self.compiled else {}
        found = []
        for name in self.decision.unknown:
            action, gone = missing.get(name, ("", []))
            if not gone and name in rules and self.compiled:
                gone = sorted(n for n in names(rules[name].when) if self._unknown(n))
            found.append((name, action, ", ".join(field_name(n) for n in gone)))
        return found

    def _unknown(self, name: str) -> bool:
        feature = self.compiled.policy.features.get(name) if self.compiled else None
        parts = [getattr(feature, "numerator", name), getattr(feature, "denominator", name)]
        return any(self.values.get(part) is None for part in parts)

    @property
    def told(self) -> list[tuple[str, str]]:
        """(what the seller is told, class of disclosure)."""
        return [(spoken(line["told"]), line["disclosure"]) for line in self.lines]

    @property
    def counterfactuals(self) -> list[str]:
        """What single change would have led to a milder decision. For staff only."""
        compiled = self.compiled
        if compiled is None or self.decision.action == "allow" or self.decision.kind == DecisionKind.OVERRIDE:
            return []
        policy, values = compiled.policy, self.values
        quiet = frozenset(compiled.positions[n] for n in self.decision.muted if n in compiled.positions)
        try:
            verdict = compiled.program.verdict(values, self.members, quiet)
            claims = counterfactuals(policy, values, self.members, verdict)
        except KeyError:  # a list that was renamed since: the past cannot be asked about it
            return []
        return [claim_text(policy, claim, policy_language()) for claim in claims]

    def _rule_facts(self, name: str) -> list[tuple[str, str]]:
        compiled = self.compiled
        if compiled is None or name not in compiled.positions:
            return []
        policy = compiled.policy
        values = self.values
        told = []
        for read in sorted(names(policy.rules[compiled.positions[name]].when)):
            kind = _type_of(policy, read)
            if kind is not None and kind is not Type.KEY:
                at = values.get(read) if kind is Type.TIMESTAMP else None
                text = value_text(policy, Part(name=read, type=kind), values, policy_language())
                told.append((read, _moment(at) if isinstance(at, int) else text))
        return told[:8]

    # -- what is known ------------------------------------------------------------------------------------------------

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The event's fields as a person may see them."""
        fields = CATALOGUE.columns
        order = [n for n in _FIRST if n in fields] + sorted(n for n in fields if n not in _FIRST)
        return [
            (field_name(name), self._shown(name, self.fact[name]))
            for name in order if name not in _NOT_FACTS and self.fact.get(name) is not None
        ]  # fmt: skip

    def _shown(self, name: str, value: Any) -> str:
        column = CATALOGUE.columns[name]
        language = get_language() or "en"
        match column.type:
            case Type.KEY:
                if name == "seller" and self.seller is not None:
                    return f"{self.seller} ({self.seller.ref})" if self.seller.name else self.seller.ref
                return self.names.of(value)
            case Type.MONEY:
                return formats.money(value, settings.REPORTING_CURRENCY, language)
            case Type.TIMESTAMP:
                return _moment(value)
            case _ if name.endswith("country"):
                return formats.country_name(value, language)
            case kind:
                return shown(kind, value, None, policy_language())

    @property
    def timeline(self) -> list[Moment]:
        """Events of the order and decisions about this one, oldest first, and what comes next."""
        moments = [
            Moment(event_name(event.type)[0], event.occurred_at, "", event_name(event.type)[1])
            for event in self.events
        ]  # fmt: skip
        for made in self.chain:
            moments.append(self._decided(made))
        moments.sort(key=lambda m: m.at or timezone.now())
        if self.review is not None and self.review.state == Review.State.OPEN:
            moments.append(Moment(_("A person decides by then"), self.review.due_at, "", "next"))
        return moments

    def _decided(self, made: Decision) -> Moment:
        tone = {"allow": "good", "block": "bad", "review": "warn"}.get(made.action, "info")
        action = str(ACTIONS[made.action][2])
        if made.kind == DecisionKind.OVERRIDE:
            who = str(self.people.get(made.actor, made.actor))
            said = spoken(made.reasons["statement"][0]["full"]) if made.reasons.get("statement") else ""
            title, detail = _("%(who)s decided: %(action)s") % {"who": who, "action": action}, said
        else:
            title = _("Decided: %(action)s") % {"action": action}
            detail = _("version %(number)s, %(ms)s ms") % {
                "number": made.version.number, "ms": f"{made.latency_us / 1000:.1f}"
            }  # fmt: skip
        url = "" if made.id == self.decision.id else reverse("console:decision", args=[made.id])
        # A decision over replayed history carries the hour of the replay; on the line it belongs to its event.
        at = made.decided_at if made.kind == DecisionKind.OVERRIDE else moment_time(made.moment)
        return Moment(title, at, detail, tone, url)

    # -- who is linked ------------------------------------------------------------------------------------------------

    @property
    def nodes(self) -> list[Node]:
        """The order, what it shares, and who shares it."""
        used = {name for party in self.links.parties for name in party.by}
        if not used:
            return []
        found = [Node("order", "order", self.order_name or _("this event"), focus=True)]
        for name, key in self.links.shared.items():
            if name in used:
                n = sum(1 for party in self.links.parties if name in party.by)
                note = ngettext("shared with %(n)s other", "shared with %(n)s others", n) % {"n": n}
                if name in self.links.capped:
                    note += " · " + _("only the latest uses are drawn")
                found.append(Node(name, name, self.names.of(key), note=note))
        for party in self.links.parties:
            url, orders = "", [o for o in party.orders if o in self.others]
            if party.kind == "seller":
                url = reverse("console:seller_by_key", args=[party.key])
            elif orders:
                url = reverse("console:decision", args=[self.others[orders[0]].id])
            n = sum(party.by.values())
            note = ngettext("%(n)s event", "%(n)s events", n) % {"n": n}
            found.append(Node(f"{party.kind}-{party.key}", party.kind, self.names.of(party.key), url=url, note=note))
        return found

    @property
    def edges(self) -> list[Edge]:
        """Strong where two things are shared with the same party: that is rarely chance."""
        used = {name for party in self.links.parties for name in party.by}
        found = [Edge("order", name) for name in self.links.shared if name in used]
        for party in self.links.parties:
            found += [Edge(name, f"{party.kind}-{party.key}", strong=len(party.by) > 1) for name in party.by]
        return found

    @property
    def other_orders(self) -> list[tuple[str, Decision, str]]:
        """(order, its decision, what it shares) of linked buyers' latest orders, at most ten."""
        found = []
        for party in self.links.parties:
            shares = ", ".join(field_name(name) for name in party.by)
            for order in party.orders[:2]:
                if order in self.others:
                    found.append((self.names.of(order), self.others[order], shares))
        return found[:10]

    @property
    def said(self) -> list[tuple[str, str, Label]]:
        """(what it turned out to be, tone, label)."""
        return [(str(LABELS[label.kind][0]), LABELS[label.kind][1], label) for label in self.labels]

    @property
    def holder(self) -> User | None:
        return self.review.assigned_to if self.review is not None and self.review.state == Review.State.OPEN else None

    @property
    def seller_url(self) -> str:
        return reverse("console:seller", args=[self.seller.id]) if self.seller is not None else ""


def load(decision_id: str, *, review: Review | None = None, whole: bool = True) -> Case:
    """Reads a decision and what belongs to it. `whole` adds what only its own page shows: labels, linked orders.

    Raises NotFound.
    """
    decision = Decision.objects.select_related("version").filter(id=decision_id).first()
    if decision is None:
        raise NotFound("decision", decision_id)
    alone = decision.standing and not decision.replaces
    chain = [decision] if alone else queries.chain(decision)
    if review is None:
        ids = [d.id for d in chain]
        review = Review.objects.filter(decision__in=ids).select_related("assigned_to").order_by("opened_at").last()
    fact = linked.fact_of(decision.moment) or {"moment": decision.moment}
    found = linked.links_of(fact)
    people = [d.actor for d in chain if d.kind == DecisionKind.OVERRIDE]
    case = Case(
        decision, chain, review, fact, found,
        queries.events_of_order(decision.order_key) if decision.order_key is not None else [],
        {p.id: p for p in User.objects.filter(id__in=people)} if people else {},
        {},
    )  # fmt: skip
    if case.compiled is not None and decision.action != "allow":
        asked, entire = case.compiled.lists, case.compiled.whole_lists
        spans = membership.find(asked, [fact]) | membership.all_of(entire)
        case.members = membership.members({name for name, _ in asked} | entire, spans, decision.moment)
    if decision.order_key is not None:
        case.held = holds_of_order(decision.order_key)
        case.notes = [
            note for protection in protections() if protection.about_order is not None
            for note in protection.about_order(decision.order_key)
        ]  # fmt: skip
    if whole:
        orders = {order for party in found.parties for order in party.orders}
        case.others = queries.decisions_of_orders(orders) if orders else {}
        if decision.order_key is not None:
            case.labels = list(Label.objects.filter(order_key=decision.order_key).order_by("created_at")[:50])
    return case


def _moment(micros: int) -> str:
    """A time of the log as the reader writes it."""
    language, zone = get_language() or "en", timezone.get_current_timezone()
    return formats.absolute(at_micros(micros), zone, language, timezone.now())


def _type_of(policy: Policy, name: str) -> Type | None:
    feature = policy.features.get(name)
    if feature is not None:
        return feature.type
    if name in policy.scores:
        return Type.NUMBER
    column = CATALOGUE.columns.get(name)
    return column.type if column is not None else None


def arrange(case: Case, names: Names, sellers: Mapping[int, Seller]) -> Case:
    """Gives a case its names."""
    case.names = names
    if case.decision.seller_key is not None:
        case.seller = sellers.get(case.decision.seller_key)
    return case
