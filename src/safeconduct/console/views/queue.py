"""The queue: orders that wait for a person, list and case side by side."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from safeconduct.console.access import StaffRequest, back_to, done, page, staff_page
from safeconduct.console.case import Case, Names, arrange, load
from safeconduct.console.subjects import subjects
from safeconduct.console.words import spoken
from safeconduct.foundation.moments import moment_time
from safeconduct.foundation.money import Money, MoneyError
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import actions, queries
from safeconduct.kernel.decisions.errors import ChangedMeanwhile, DecisionsError, NotFound, ReasonMissing
from safeconduct.kernel.decisions.models import Decision, Review
from safeconduct.kernel.decisions.queries import QueueFilter
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import savepoint
from safeconduct.kernel.staff_pages import lasting_scope
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import Choice, Filter, Page, View

#: As many decisions as one bulk action may take: each is ruled on by itself.
BULK_LIMIT = 100
#: Reviews of one page of the queue; a case stands beside them, and both together stay below 100 KB.
_ROWS = 30


class TakenByOther(DecisionsError):
    """A colleague holds this review."""

    code = "taken_by_other"

    def __init__(self, name: str) -> None:
        super().__init__(_("%(name)s took this review. Take it over first if you have agreed so.") % {"name": name})


@require_GET
@staff_page()
def queue(request: StaffRequest) -> HttpResponseBase:
    """Open reviews with one case open beside them; for htmx, the case alone."""
    opened = request.GET.get("open", "")
    if opened and request.headers.get("HX-Request") and request.headers.get("HX-Target", "") == "pane":
        shown = _case(opened)
        context = {"case": shown, "list_url": _list_url(request.GET)}
        return render(request, "console/case_pane.html", {**context, **_case_context(request, shown, opened)})
    wanted = _wanted(request.GET)
    if request.GET.get("format") == "csv":
        return _csv(request, wanted, request.GET.get("sort", "due"))
    rows = queries.queue_page(
        wanted, request.user.id, sort=request.GET.get("sort", "due"),
        after=request.GET.get("after", ""), before=request.GET.get("before", ""), size=_ROWS,
    )  # fmt: skip
    opened_now = opened or (rows.items[0].decision_id if rows.items else "")
    case: Case | None = None
    if opened_now:
        review = next((r for r in rows.items if r.decision_id == opened_now), None)
        case = load(opened_now, review=review, whole=False)
    sellers = queries.sellers_by_key(
        [r.decision.seller_key for r in rows.items] + ([case.decision.seller_key] if case else [])
    )
    names = Names({r.decision.order_key for r in rows.items} | (case.keys() if case else set()))
    about = subjects([r.decision for r in rows.items], names)
    counts = queries.queue_counts(request.user.id, at=timezone.now())
    context = {
        "rows": [
            {
                "review": r, "decision": r.decision, "order": about[r.decision_id],
                "seller": sellers.get(r.decision.seller_key or 0), "why": _why(r.decision), "more": len(r.decision.fired) - 1,
                "url": _open_url(request.GET, r.decision_id), "open": r.decision_id == opened_now,
                "other": r.assigned_to is not None and r.assigned_to_id != request.user.id,
            }
            for r in rows.items
        ],
        "counts": counts, "views": _views(request.GET, counts), "filters": _filters(request.GET),
        "page": Page(rows.next, rows.previous, len(rows.items)),
        "opened": bool(opened), "list_url": _list_url(request.GET), "filtered": _is_filtered(request.GET),
        "currency": settings.REPORTING_CURRENCY, "words": request.GET.get("q", ""),
    }  # fmt: skip
    if case is not None:
        arrange(case, names, sellers)
        context |= _case_context(request, case, opened_now)
    return page(request, "console/queue.html", "queue", context)


def _case(decision_id: str) -> Case:
    case = load(decision_id, whole=False)
    return arrange(case, Names(case.keys()), queries.sellers_by_key([case.decision.seller_key]))


def _case_context(request: StaffRequest, case: Case, opened: str) -> dict[str, object]:
    return {
        "case": case, "currency": settings.REPORTING_CURRENCY, "me": request.user,
        "mine": case.holder is not None and case.holder.id == request.user.id,
        "back": urlencode({"back": f"{reverse('console:queue')}{_list_query(request.GET)}"}),
        "stays": urlencode({"back": f"{reverse('console:queue')}{_open_query(request.GET, opened)}"}),
    }  # fmt: skip


def _why(decision: Decision) -> str:
    lines = decision.reasons.get("statement") or []
    return spoken(lines[0]["full"]) if lines else ""


# -- addresses --------------------------------------------------------------------------------------------------------

_KEPT = ("policy", "rule", "seller", "assigned", "amount", "due", "sort", "q", "after", "before")


def _list_query(current: QueryDict) -> str:
    pairs = [(key, current[key]) for key in _KEPT if current.get(key)]
    return f"?{urlencode(pairs)}" if pairs else ""


def _open_query(current: QueryDict, decision_id: str) -> str:
    pairs = [(key, current[key]) for key in _KEPT if current.get(key)]
    return f"?{urlencode([*pairs, ('open', decision_id)])}"


def _list_url(current: QueryDict) -> str:
    return reverse("console:queue") + _list_query(current)


def _open_url(current: QueryDict, decision_id: str) -> str:
    return reverse("console:queue") + _open_query(current, decision_id)


def _is_filtered(current: QueryDict) -> bool:
    return any(current.get(key) for key in ("policy", "rule", "seller", "assigned", "amount", "due", "q"))


def _wanted(given: QueryDict) -> QueueFilter:
    policy, _slash, rule = given.get("rule", "").rpartition("/")
    soon = timezone.now() + timedelta(hours=queries.DUE_SOON_H) if given.get("due") == "soon" else None
    return QueueFilter(
        policy=given.get("policy", "") or policy, rule=rule, seller=given.get("seller", "").strip(),
        assigned=given.get("assigned", ""), at_least_minor=_amount(given.get("amount", "")), due_before=soon,
        words=given.get("q", "").strip()[:200],
    )  # fmt: skip


def _amount(text: str) -> int | None:
    if text == "high":
        return queries.HIGH_VALUE_MINOR
    try:
        return Money.parse(text, settings.REPORTING_CURRENCY).minor if text else None
    except MoneyError:
        return None


def _views(given: QueryDict, counts: queries.QueueCounts) -> list[View]:
    base = reverse("console:queue")
    here = {key: given.get(key, "") for key in ("assigned", "due", "amount", "policy", "rule", "seller", "q")}
    said = [
        (_("All"), {}, counts.open),
        (_("Due soon"), {"due": "soon"}, counts.due_soon),
        (_("Mine"), {"assigned": "me"}, counts.mine),
        (_("Unassigned"), {"assigned": "none"}, counts.unassigned),
        (_("High value"), {"amount": "high", "sort": "-amount"}, counts.high),
    ]
    return [
        View(
            label, base + (f"?{urlencode(chosen)}" if chosen else ""), n,
            current=here == {**dict.fromkeys(here, ""), **{k: v for k, v in chosen.items() if k != "sort"}},
        )
        for label, chosen, n in said
    ]  # fmt: skip


def _filters(given: QueryDict) -> list[Filter]:
    reasons = queries.queue_reasons()
    rules = [Choice(f"{policy}/{rule}", rule or "\N{EN DASH}", n) for policy, rule, n in reasons]
    by_policy: dict[str, int] = {}
    for policy, _rule, n in reasons:
        by_policy[policy] = by_policy.get(policy, 0) + n
    money = [("100", "≥ 100"), ("high", f"≥ {queries.HIGH_VALUE_MINOR // 100}"), ("2000", "≥ 2,000")]
    return [
        Filter("policy", _("Policy"), [Choice(p, p, n) for p, n in by_policy.items()], given.get("policy", "")),
        Filter("rule", _("Reason"), rules, given.get("rule", "")),
        Filter(
            "assigned", _("With"), [Choice("me", _("me")), Choice("none", _("nobody"))], given.get("assigned", ""),
            everything=_("anyone"),
        ),
        Filter(
            "amount", _("At stake"), [Choice(k, f"{text} {settings.REPORTING_CURRENCY}") for k, text in money],
            given.get("amount", ""), everything=_("any"),
        ),
    ]  # fmt: skip


def _csv(request: StaffRequest, wanted: QueueFilter, sort: str) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        found = queries.queue_page(wanted, request.user.id, sort=sort, after=after, size=500)
        sellers = queries.sellers_by_key(r.decision.seller_key for r in found.items)
        names = Names(r.decision.order_key for r in found.items)
        rows: list[Row] = [
            (
                r.decision_id, names.of(r.decision.order_key), getattr(sellers.get(r.decision.seller_key or 0), "ref", ""),
                r.decision.policy, r.decision.version.number, " ".join(r.decision.fired), _why(r.decision),
                r.amount_minor, settings.REPORTING_CURRENCY, moment_time(r.decision.moment).isoformat(),
                r.due_at.isoformat(), r.assigned_to or "",
            )
            for r in found.items
        ]  # fmt: skip
        return rows, found.next

    head = ("decision", "order", "seller", "policy", "version", "rules", "reason", "amount_minor", "currency",
            "event_at", "due_at", "assigned_to")  # fmt: skip
    return stream("queue", head, read, lasting_scope(request))


# -- what people do ---------------------------------------------------------------------------------------------------


@require_POST
@staff_page()
def rule_on(request: StaffRequest, decision_id: str) -> HttpResponse:
    """One decision of a person about one order, with a reason."""
    action = _action(request)
    made = rule(decision_id, request.user, action, request.POST.get("reason", ""))
    target = back_to(request, reverse("console:decision", args=[made.id]))
    return done(request, _done_text(action, 1), target)


@require_POST
@staff_page()
def take(request: StaffRequest, decision_id: str) -> HttpResponse:
    """Takes a review, takes it over from the colleague who was seen to hold it, or gives it back."""
    held_by = request.POST.get("held_by", "")
    review = _locked_review(decision_id)
    if (review.assigned_to_id or "") not in (held_by, request.user.id):
        raise ChangedMeanwhile(_("the review"))
    give_back = request.POST.get("do") == "release"
    actions.assign(review.decision_id, None if give_back else request.user)
    text = _("The review is free again.") if give_back else _("The review is yours.")
    return done(request, text, back_to(request, reverse("console:queue")))


@require_POST
@staff_page()
def bulk(request: StaffRequest) -> HttpResponse:
    """Allow, block or take several at once, for one reason. What someone else holds or decided is left and named."""
    ids = list(dict.fromkeys(request.POST.getlist("id")))[:BULK_LIMIT]
    target = back_to(request, reverse("console:queue"))
    verb, reason = request.POST.get("do", ""), request.POST.get("reason", "")
    if not ids:
        raise NotFound(_("chosen review"), "")
    if verb != "assign" and len(reason.strip()) < 3:
        raise ReasonMissing
    left = 0
    for decision_id in ids:
        try:
            with savepoint():
                if verb == "assign":
                    _take_free(decision_id, request.user)
                else:
                    rule(decision_id, request.user, Action(verb), reason)
        except (TakenByOther, ChangedMeanwhile, NotFound):
            left += 1
        except ValueError as problem:
            raise NotFound(_("action"), verb) from problem
    n = len(ids) - left
    text = (
        ngettext("%(n)s review is yours.", "%(n)s reviews are yours.", n) % {"n": n}
        if verb == "assign"
        else _done_text(Action(verb), n)
    )
    if left:
        text += " " + ngettext(
            "%(n)s was left: a colleague holds it or has decided it.",
            "%(n)s were left: colleagues hold them or have decided them.", left,
        ) % {"n": left}  # fmt: skip
    return done(request, text, target)


def rule(decision_id: str, person: User, action: Action, reason: str) -> Decision:
    """Overrides a decision unless a colleague holds its review. The decision's row is locked first, as the kernel
    does.
    """
    if Decision.objects.select_for_update().filter(id=decision_id).first() is None:
        raise NotFound("decision", decision_id)
    review = Review.objects.filter(decision=decision_id, state=Review.State.OPEN).select_related("assigned_to").first()
    if review is not None and review.assigned_to is not None and review.assigned_to_id != person.id:
        raise TakenByOther(str(review.assigned_to))
    return actions.override(decision_id, person, action, reason, at=timezone.now())


def _locked_review(decision_id: str) -> Review:
    review = Review.objects.select_for_update().filter(decision=decision_id, state=Review.State.OPEN).first()
    if review is None:
        raise NotFound(_("open review"), decision_id)
    return review


def _take_free(decision_id: str, person: User) -> None:
    review = _locked_review(decision_id)
    if review.assigned_to_id not in (None, person.id):
        raise TakenByOther("")
    actions.assign(decision_id, person)


def _action(request: HttpRequest) -> Action:
    try:
        return Action(request.POST.get("action", ""))
    except ValueError as problem:
        raise NotFound(_("action"), request.POST.get("action", "")) from problem


def _done_text(action: Action, n: int) -> str:
    match action:
        case Action.ALLOW:
            text = ngettext("%(n)s order is allowed.", "%(n)s orders are allowed.", n)
        case Action.BLOCK:
            text = ngettext("%(n)s order is blocked.", "%(n)s orders are blocked.", n)
        case Action.CHALLENGE:
            text = ngettext("%(n)s buyer will be challenged.", "%(n)s buyers will be challenged.", n)
        case Action.REVIEW:
            text = ngettext("%(n)s order is in review.", "%(n)s orders are in review.", n)
    return text % {"n": n}
