"""What people do about decisions: rule on a held order, take a review, mute a rule, keep the lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import moment_time
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import engine, reactions, record_staff, telling
from safeconduct.kernel.decisions.errors import ChangedMeanwhile, NotFound, ReasonMissing, RoleNeeded
from safeconduct.kernel.decisions.models import (
    Decision,
    DecisionKind,
    ListEntry,
    ListKind,
    Mute,
    Review,
    WatchList,
)
from safeconduct.kernel.decisions.reasons import of_a_person, of_news
from safeconduct.kernel.decisions.second_look import refuse_the_same_person
from safeconduct.kernel.events.ordering import current_moment
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor
from safeconduct.kernel.vault.pseudonyms import register


def override(decision_id: str, person: User, action: Action, why: str, *, at: datetime, through: str = "") -> Decision:
    """A person decides anew: the earlier decision is kept, and this one stands in its place. Ends its review; deciding
    for *review* opens a new one.

    ``through``: the machine's key that carried the person's word, where it did not come from the console.
    Raises ReasonMissing without a sentence of reasons, ChangedMeanwhile where another decision stands by now, and
    OtherPersonNeeded where the seller asked for a second look at this person's own decision.
    """
    if not person.may(StaffRole.ANALYST):
        raise RoleNeeded(StaffRole.ANALYST.label)
    if len(why.strip()) < 3:
        raise ReasonMissing
    earlier = _standing(decision_id)
    refuse_the_same_person(earlier, person)
    earlier.standing = False
    earlier.save(update_fields=["standing"])
    reasons = of_a_person(why.strip(), person.language)
    if through:
        reasons["through"] = through
    reasons["statement"] += [
        line for line in earlier.reasons.get("statement", []) if action is not Action.ALLOW and line.get("rule")
    ]
    return _replaced(earlier, action, reasons, person.id, at)


def hold_back(decision_id: str, because: Mapping[str, str], *, at: datetime) -> Decision:
    """The engine holds an order that was let through, because of news that came later; a person then rules on it.

    ``because``: the news, in each language. Raises NotFound, and ChangedMeanwhile where another decision stands by now.
    """
    earlier = _standing(decision_id)
    earlier.standing = False
    earlier.save(update_fields=["standing"])
    return _replaced(earlier, Action.REVIEW, of_news(because), ENGINE_ACTOR.id, at)


def assign(decision_id: str, person: User | None) -> None:
    """Takes a review, or gives it back with None, so that two people do not work on one."""
    changed = Review.objects.filter(decision_id=decision_id, state=Review.State.OPEN).update(assigned_to=person)
    if not changed:
        raise NotFound("open review", decision_id)


def release_reviews(person: User) -> int:
    """Gives back all open reviews of a person who leaves; returns how many."""
    return Review.objects.filter(assigned_to=person, state=Review.State.OPEN).update(assigned_to=None)


def snooze(
    policy: str, rule: str, actor: Actor, *, at: datetime, until: datetime, entity_key: int | None = None
) -> Mute:
    """Lets a rule be evaluated without effect until a time, for everyone or for one entity. Needs a reason."""
    if not actor.why.strip():
        raise ReasonMissing
    made = Mute.objects.create(
        policy=policy, rule=rule, entity_key=entity_key, cause=Mute.Cause.SNOOZE, actor=actor.id, why=actor.why,
        since=at, until=until,
    )  # fmt: skip
    leaves.add(record_staff.MUTE, [record_staff.mute_subject(made.id)], at)
    return made


def unmute(mute_id: int, actor: Actor, *, at: datetime) -> None:
    """Ends a snooze or lifts the brake: the rule acts again."""
    if not Mute.objects.filter(id=mute_id, ended_at__isnull=True).update(ended_at=at, ended_by=actor.id):
        raise NotFound("mute in force", str(mute_id))
    leaves.add(record_staff.MUTE_ENDED, [record_staff.mute_subject(mute_id)], at)


def create_list(name: str, kind: ListKind, entity: str, purpose: str) -> WatchList:
    """Makes an empty list; `entity` is a kind of entity, or "text"."""
    return WatchList.objects.create(name=name, kind=kind, entity=entity, purpose=purpose)


def add_to_list(name: str, values: list[str], actor: Actor, *, until_moment: int | None = None) -> list[ListEntry]:
    """Puts values on a list from now on. Entities are stored as pseudonyms; the reason is required."""
    if not actor.why.strip():
        raise ReasonMissing
    watch_list = WatchList.objects.filter(name=name).first()
    if watch_list is None:
        raise NotFound("list", name)
    values = list(dict.fromkeys(value.strip() for value in values if value.strip()))
    keys: dict[str, int] = {}
    if watch_list.entity != "text":
        found = register({(watch_list.entity, value) for value in values})
        keys = {value: found[watch_list.entity, value] for value in values}
    since = current_moment()
    made = ListEntry.objects.bulk_create(
        ListEntry(
            watch_list=watch_list, key=keys.get(value), text="" if keys else value, from_moment=since,
            until_moment=until_moment, actor=actor.id, why=actor.why,
        )
        for value in values
    )  # fmt: skip
    leaves.add(record_staff.LIST_ENTRY, [entry.id for entry in made], moment_time(since))
    return made


def end_list_entry(entry_id: str, actor: Actor) -> None:
    """Takes an entry off its list from now on; what was decided until now stays as it was."""
    since = current_moment()
    if not ListEntry.objects.filter(id=entry_id, until_moment__isnull=True).update(until_moment=since):
        if not ListEntry.objects.filter(id=entry_id, until_moment__gt=since).update(until_moment=since):
            raise NotFound("entry in force", entry_id)
    leaves.add(record_staff.LIST_ENTRY_ENDED, [entry_id], moment_time(since))


def _standing(decision_id: str) -> Decision:
    """The decision, locked, as long as it is the one that stands."""
    decision = Decision.objects.select_for_update().filter(id=decision_id).first()
    if decision is None:
        raise NotFound("decision", decision_id)
    if not decision.standing or decision.kind == DecisionKind.SHADOW:
        raise ChangedMeanwhile(f"decision {decision_id}")
    return decision


def _replaced(earlier: Decision, action: Action, reasons: dict[str, Any], actor: str, at: datetime) -> Decision:
    """Puts a decision in the place of one that stands no more."""
    made = Decision.objects.create(
        id=new_id("dec"), moment=earlier.moment, version_id=earlier.version_id, policy=earlier.policy,
        kind=DecisionKind.OVERRIDE, action=action.value, seller_key=earlier.seller_key, order_key=earlier.order_key,
        amount_minor=earlier.amount_minor, fired=earlier.fired, unknown=earlier.unknown, muted=earlier.muted,
        values=earlier.values, reasons=reasons, latency_us=0, decided_at=at, decided_moment=current_moment(),
        standing=True, replaces=earlier.id, actor=actor,
    )  # fmt: skip
    _settle(earlier, made, at)
    return made


def _settle(earlier: Decision, made: Decision, at: datetime) -> None:
    """Ends the review that hung on the earlier decision, begins one if it is held again, and notes it for the
    record.
    """
    reviews = Review.objects.filter(decision_id__in=_chain(earlier), state=Review.State.OPEN)
    reviews.update(state=Review.State.DONE, done_at=at, outcome=made.action)
    if made.action == Action.REVIEW:
        Review.objects.create(
            decision=made, due_at=at + timedelta(hours=settings.REVIEW_HOURS), amount_minor=made.amount_minor,
            top_reason=made.fired[0] if made.fired else "", opened_at=at,
        )  # fmt: skip
    leaves.add("decision", [made.id], at)
    reactions.react(engine.facts([made.moment]), [made], at)
    telling.tell_changed(earlier, made, at)


def _chain(decision: Decision) -> list[str]:
    """This decision and those it took the place of: a review hangs on one of them."""
    found = [decision.id]
    while decision.replaces:
        decision = Decision.objects.only("id", "replaces").get(id=decision.replaces)
        found.append(decision.id)
    return found
