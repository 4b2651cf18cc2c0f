"""What the console reads: the queue, decisions, policies, lists, sellers. Paged by cursors, no query in a loop.

All of it needs a scope of staff.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from safeconduct.foundation.moments import TIES
from safeconduct.foundation.moments import moment as moment_of
from safeconduct.kernel.decisions.models import (
    Decision,
    DecisionKind,
    ListEntry,
    Mute,
    PolicyVersion,
    Review,
    RuleCount,
    VersionState,
    WatchList,
)
from safeconduct.kernel.events.models import Event
from safeconduct.kernel.paging import PAGE, Order, Slice, page
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.vault.pseudonyms import lookup

#: As many versions as a page lists.
_LISTED: Final = 150

#: What counts as high value in the queue's saved view, in minor units of the reporting currency: a screen's choice,
#: not a rule.
HIGH_VALUE_MINOR = 50_000
#: Within how many hours a review counts as due soon.
DUE_SOON_H = 4

QUEUE_ORDERS = {
    "due": Order("due_at", key="decision_id"),
    "-due": Order("due_at", descending=True, key="decision_id"),
    "-amount": Order("sort_amount", descending=True, key="decision_id"),
    "amount": Order("sort_amount", key="decision_id"),
    "age": Order("opened_at", key="decision_id"),
    "-age": Order("opened_at", descending=True, key="decision_id"),
}
NEWEST_FIRST = Order("moment", descending=True)


# -- the queue --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which open reviews. `assigned`: ``me``, ``none``, a person's id, or empty. `words`: an order's id, a seller's id
    or name, or a decision's id."""

    policy: str = ""
    rule: str = ""
    seller: str = ""
    assigned: str = ""
    at_least_minor: int | None = None
    due_before: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many reviews are open, and how many of them each saved view shows."""

    open: int
    overdue: int
    due_soon: int
    mine: int
    unassigned: int
    high: int


def open_reviews() -> int:
    """How many reviews wait; the count beside the menu."""
    return Review.objects.filter(state=Review.State.OPEN).count()


def queue_counts(person_id: str, *, at: datetime) -> QueueCounts:
    """The figures of the saved views, in one query."""
    soon = at + timedelta(hours=DUE_SOON_H)
    found = Review.objects.filter(state=Review.State.OPEN).aggregate(
        open=Count("*"),
        overdue=Count("decision_id", filter=Q(due_at__lt=at)),
        due_soon=Count("decision_id", filter=Q(due_at__lt=soon)),
        mine=Count("decision_id", filter=Q(assigned_to=person_id)),
        unassigned=Count("decision_id", filter=Q(assigned_to__isnull=True)),
        high=Count("decision_id", filter=Q(amount_minor__gte=HIGH_VALUE_MINOR)),
    )
    return QueueCounts(**found)


def queue(wanted: QueueFilter, person_id: str) -> QuerySet[Review]:
    """Open reviews with their decision, version and holder."""
    rows = (
        Review.objects.filter(state=Review.State.OPEN)
        .select_related("decision", "decision__version", "assigned_to")
        .defer("decision__values", "decision__version__text", "decision__version__note")
        .annotate(sort_amount=Coalesce("amount_minor", 0))
    )
    if wanted.policy:
        rows = rows.filter(decision__policy=wanted.policy)
    if wanted.rule:
        rows = rows.filter(decision__fired__contains=[wanted.rule])
    if wanted.seller:
        rows = rows.filter(decision__seller_key__in=seller_keys(wanted.seller))
    match wanted.assigned:
        case "":
            pass
        case "me":
            rows = rows.filter(assigned_to=person_id)
        case "none":
            rows = rows.filter(assigned_to__isnull=True)
        case other:
            rows = rows.filter(assigned_to=other)
    if wanted.at_least_minor is not None:
        rows = rows.filter(amount_minor__gte=wanted.at_least_minor)
    if wanted.due_before is not None:
        rows = rows.filter(due_at__lt=wanted.due_before)
    if wanted.words:
        rows = rows.filter(_named(wanted.words, "decision__"))
    return rows


def queue_page(
    wanted: QueueFilter, person_id: str, *, sort: str = "due", after: str = "", before: str = "", size: int = PAGE
) -> Slice[Review]:
    """One page of the queue; an unknown `sort` means due first."""
    order = QUEUE_ORDERS.get(sort, QUEUE_ORDERS["due"])
    return page(queue(wanted, person_id), order, after=after, before=before, size=size)


def queue_reasons() -> list[tuple[str, str, int]]:
    """(policy, rule, how many) of what open reviews wait for, most frequent first; at most 60."""
    rows = (
        Review.objects.filter(state=Review.State.OPEN)
        .values_list("decision__policy", "top_reason")
        .annotate(n=Count("*"))
        .order_by("-n", "decision__policy", "top_reason")[:60]
    )
    return [(policy, rule, n) for policy, rule, n in rows]


def _named(words: str, prefix: str = "") -> Q:
    """Decisions that a search means: by order, by seller, by their own id."""
    words = words.strip()
    said = Q(**{f"{prefix}id": words.lower()})
    if (order := lookup("order", words)) is not None:
        said |= Q(**{f"{prefix}order_key": order})
    said |= Q(**{f"{prefix}seller_key__in": seller_keys(words)})
    return said


def seller_keys(words: str) -> QuerySet[Seller, int]:
    """Keys of sellers with this id of the shop system, our own id, or a name that contains it; a subquery."""
    found = Seller.objects.filter(Q(ref=words) | Q(id=words) | Q(name__icontains=words))
    return found.values_list("key", flat=True)


# -- decisions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions. `kind`: live, shadow, override, or empty for those that stand. Days count in `zone`."""

    action: str = ""
    policy: str = ""
    rule: str = ""
    seller: str = ""
    kind: str = ""
    version: str = ""
    since: date | None = None
    until: date | None = None
    words: str = ""


def decisions(wanted: DecisionFilter, zone: tzinfo) -> QuerySet[Decision]:
    """Decisions with their version, without values and texts."""
    rows = Decision.objects.select_related("version").defer("values", "version__text", "version__note")
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    elif not wanted.version:
        rows = rows.filter(standing=True).exclude(kind=DecisionKind.SHADOW)
    if wanted.version:
        rows = rows.filter(version=wanted.version)
    if wanted.action:
        rows = rows.filter(action=wanted.action)
    if wanted.policy:
        rows = rows.filter(policy=wanted.policy)
    if wanted.rule:
        rows = rows.filter(fired__contains=[wanted.rule])
    if wanted.seller:
        rows = rows.filter(seller_key__in=seller_keys(wanted.seller))
    if wanted.since is not None:
        rows = rows.filter(moment__gte=moment_of(datetime.combine(wanted.since, time.min, zone)))
    if wanted.until is not None:
        rows = rows.filter(moment__lt=moment_of(datetime.combine(wanted.until + timedelta(days=1), time.min, zone)))
    if wanted.words:
        rows = rows.filter(_named(wanted.words))
    return rows


def chain(decision: Decision) -> list[Decision]:
    """All that was decided about this event by this policy, oldest first, with version and what people overruled."""
    rows = Decision.objects.filter(moment=decision.moment, policy=decision.policy)
    return list(
        rows.filter(Q(kind=decision.kind) if decision.kind == DecisionKind.SHADOW else ~Q(kind=DecisionKind.SHADOW))
        .select_related("version")
        .defer("values", "version__text", "version__note")
        .order_by("decided_moment", "decided_at", "id")
    )


def decisions_of_orders(order_keys: Iterable[int]) -> dict[int, Decision]:
    """The strictest standing decision of each order."""
    rows = Decision.objects.filter(order_key__in=list(order_keys), standing=True).exclude(kind=DecisionKind.SHADOW)
    rank = {"allow": 0, "challenge": 1, "review": 2, "block": 3}
    best: dict[int, Decision] = {}
    for row in rows.defer("values", "reasons").order_by("moment", "id"):
        assert row.order_key is not None
        if row.order_key not in best or rank[row.action] >= rank[best[row.order_key].action]:
            best[row.order_key] = row
    return best


def decisions_at(moments: Iterable[int], policy: str) -> dict[int, str]:
    """The id of the standing decision of a policy at each of these moments."""
    rows = Decision.objects.filter(moment__in=list(moments), policy=policy, standing=True)
    return dict(rows.exclude(kind=DecisionKind.SHADOW).values_list("moment", "id"))


def events_of_order(order_key: int, limit: int = 60) -> list[Event]:
    """What happened to an order, oldest first; the newest `limit`."""
    newest = Event.objects.filter(order_key=order_key).defer("data").order_by("-moment")[:limit]
    return sorted(newest, key=lambda event: event.moment)


# -- sellers ----------------------------------------------------------------------------------------------------------


def sellers_by_key(keys: Iterable[int | None]) -> dict[int, Seller]:
    """Sellers by pseudonym."""
    return {s.key: s for s in Seller.objects.filter(key__in={k for k in keys if k is not None})}


def sellers_page(words: str, *, after: str = "", before: str = "", size: int = PAGE) -> Slice[Seller]:
    """Sellers by name, those without one by the shop's id; `words` as in `seller_keys`."""
    rows = Seller.objects.all()
    if words:
        rows = rows.filter(Q(ref=words) | Q(id=words) | Q(name__icontains=words))
    return page(rows, Order("name"), after=after, before=before, size=size)


def action_counts(seller_keys: Iterable[int], *, since: datetime) -> dict[int, dict[str, int]]:
    """Standing decisions by action since a time, for each of these sellers."""
    rows = Decision.objects.filter(
        seller_key__in=list(seller_keys), standing=True, moment__gte=moment_of(since)
    ).exclude(kind=DecisionKind.SHADOW)
    counts: dict[int, dict[str, int]] = {}
    for seller_key, action, n in rows.values_list("seller_key", "action").annotate(n=Count("*")):
        assert seller_key is not None
        counts.setdefault(seller_key, {})[action] = n
    return counts


# -- policies ---------------------------------------------------------------------------------------------------------


def policy_versions(policy: str = "") -> list[PolicyVersion]:
    """Versions without their texts, newest first within their policy: of one policy, or those in force and in work
    of all; never more than `_LISTED`."""
    rows = PolicyVersion.objects.select_related("author", "approved_by").defer("text").order_by("policy", "-number")
    if policy:
        return list(rows.filter(policy=policy)[:_LISTED])
    return list(rows.exclude(state=VersionState.RETIRED)[:_LISTED])


def live_version(policy: str) -> PolicyVersion | None:
    """The version that decides now."""
    return PolicyVersion.objects.filter(policy=policy, state=VersionState.LIVE).first()


def decided_by_version(version_ids: Sequence[str]) -> dict[str, tuple[int, datetime]]:
    """How many decisions each version made, and in which hour its latest one was."""
    rows = RuleCount.objects.filter(version__in=version_ids, rule="").values_list("version_id")
    return {version: (n, last) for version, n, last in rows.annotate(n=Sum("decided"), last=Max("hour"))}


def mutes_in_force(policy: str, *, at: datetime) -> list[Mute]:
    """Rules of a policy that do not act at present."""
    rows = Mute.objects.filter(Q(until__isnull=True) | Q(until__gt=at), policy=policy, ended_at__isnull=True)
    return list(rows.order_by("rule", "since"))


def braked() -> dict[str, list[str]]:
    """By policy, the rules that the brake has taken out of force."""
    rows = Mute.objects.filter(cause=Mute.Cause.BRAKE, ended_at__isnull=True).order_by("policy", "rule")
    found: dict[str, list[str]] = {}
    for policy, rule in rows.values_list("policy", "rule"):
        found.setdefault(policy, []).append(rule)
    return found


# -- lists ------------------------------------------------------------------------------------------------------------


def watch_lists(*, at: datetime) -> list[tuple[WatchList, int]]:
    """All lists with how many entries are in force."""
    now = moment_of(at, TIES - 1)
    in_force = Q(entries__from_moment__lte=now) & (
        Q(entries__until_moment__isnull=True) | Q(entries__until_moment__gt=now)
    )
    rows = WatchList.objects.annotate(n=Count("entries", filter=in_force)).order_by("name")
    return [(row, row.n) for row in rows]


def list_entries(name: str, *, at: datetime, ended: bool = False) -> QuerySet[ListEntry]:
    """Entries of a list: those in force, or those that ended."""
    now = moment_of(at, TIES - 1)
    rows = ListEntry.objects.filter(watch_list=name)
    if ended:
        return rows.filter(until_moment__lte=now)
    return rows.filter(Q(until_moment__isnull=True) | Q(until_moment__gt=now))
