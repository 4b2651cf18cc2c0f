"""Policies: what is in force, the backtest, and the steps of a version's life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.analytics import backtest as backtests
from safeconduct.analytics.backtest_report import Outcome, Share
from safeconduct.console.access import StaffRequest, back_to, done, page, staff_page
from safeconduct.console.case import Names
from safeconduct.console.forms import SnoozeForm
from safeconduct.console.views.versions import get_version
from safeconduct.console.words import STATES, role_name
from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.decisions import actions, queries
from safeconduct.kernel.decisions import policies as lives
from safeconduct.kernel.decisions.errors import NotFound, ReasonMissing, RoleNeeded, ShareRefused, WrongState
from safeconduct.kernel.decisions.links import fact_of
from safeconduct.kernel.decisions.models import Decision, Mute, PolicyVersion, VersionState
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.ui.parts import ACTIONS


@require_GET
@staff_page()
def policies(request: StaffRequest) -> HttpResponse:
    """Each policy with what is live, tried and in work."""
    versions = queries.policy_versions()
    decided = queries.decided_by_version([v.id for v in versions])
    groups: dict[str, list[dict[str, Any]]] = {}
    for version in versions:
        groups.setdefault(version.policy, []).append(_row(version, decided))
    braked = queries.braked()
    for name, rows in groups.items():
        for row in rows:
            row["braked"] = ", ".join(braked.get(name, ())) if row["version"].state == VersionState.LIVE else ""
    context = {"groups": groups, "retired_only": _retired_only(set(groups))}
    return page(request, "console/policies.html", "policies", context)


def _retired_only(known: set[str]) -> list[str]:
    names = PolicyVersion.objects.filter(state=VersionState.RETIRED).values_list("policy", flat=True).distinct()
    return sorted(set(names.order_by("policy")[:200]) - known)


def _row(version: PolicyVersion, decided: dict[str, tuple[int, datetime]]) -> dict[str, Any]:
    name, tone = STATES[version.state]
    count, last = decided.get(version.id, (0, None))
    return {
        "version": version, "state": name, "tone": tone, "decided": count, "last": last,
    }  # fmt: skip


@require_GET
@staff_page()
def policy(request: StaffRequest, name: str) -> HttpResponse:
    """All versions of one policy, and the way back to the one before."""
    versions = queries.policy_versions(name)
    if not versions:
        raise NotFound("policy", name)
    decided = queries.decided_by_version([v.id for v in versions])
    live = next((v for v in versions if v.state == VersionState.LIVE), None)
    context = {
        "name": name, "live": live, "earlier": lives.live_before(name), "lead": request.user.may(StaffRole.LEAD),
        "rows": [
            {"version": v, "state": STATES[v.state][0], "tone": STATES[v.state][1], "decided": decided.get(v.id, (0, None))[0]}
            for v in versions
        ],
    }  # fmt: skip
    return page(request, "console/policy.html", "policies", context)


# -- the backtest -----------------------------------------------------------------------------------------------------


@require_POST
@staff_page()
def backtest(request: StaffRequest, version_id: str) -> HttpResponse:
    """Replays the version over history beside the live one: what it would stop, and what that costs."""
    found = get_version(version_id)
    days = _whole(request.POST.get("days", "0")) or 0
    since = timezone.now() - timedelta(days=days) if 0 < days <= 3650 else None
    result = backtests.run(found.text, since=since)
    names = Names(key for c in result.changes for key in (c.order_key, c.seller_key))
    made = queries.decisions_at({c.moment for c in result.changes}, found.policy)
    context = {
        "version": found, "result": result, "seconds": result.export_seconds + result.query_seconds, "days": days,
        "rows": _compared(result),
        "changes": [
            {"change": c, "order": names.of(c.order_key), "seller": names.of(c.seller_key), "made": made.get(c.moment),
             "at": moment_time(c.moment)}
            for c in result.changes
        ],
    }  # fmt: skip
    return page(request, "console/backtest.html", "policies", context)


def _compared(result: backtests.Backtest) -> list[dict[str, Any]]:
    """Rows of live against draft; `better` says which direction is good."""

    def row(label: str, pick: Callable[[Outcome], Share], better: int) -> dict[str, Any]:
        draft, live = pick(result.draft), pick(result.live) if result.live else None
        change = None
        if live is not None and draft.share is not None and live.share is not None:
            change = draft.share - live.share
        tone = "" if not change or not better else "text-good" if change * better > 0 else "text-bad"
        return {"label": label, "draft": draft, "live": live, "change": change, "tone": tone}

    rows = [
        row(_("Held or refused"), lambda o: o.stopped, 0),
        row(_("Fraud caught"), lambda o: o.fraud_caught, 1),
        row(_("Fraud challenged"), lambda o: o.fraud_challenged, 0),
        row(_("Good orders stopped"), lambda o: o.good_stopped, -1),
        row(_("Good orders challenged"), lambda o: o.good_challenged, -1),
    ]
    for name, (_tone, _icon, label) in ACTIONS.items():
        if name in result.draft.actions:
            rows.append(row(str(label), lambda o, name=name: o.actions[name], 0))  # type: ignore[misc]
    return rows


# -- steps of a version's life ----------------------------------------------------------------------------------------


@require_POST
@staff_page()
def step(request: StaffRequest, version_id: str, verb: str) -> HttpResponse:
    """One step: shadow, ask, publish, retire, discard."""
    now, person, why = timezone.now(), request.user, request.POST.get("reason", "").strip()
    match verb:
        case "shadow":
            lives.start_shadow(version_id, person, at=now)
            text = _("It runs in shadow now: it decides beside the live version, without effect.")
        case "ask":
            lives.ask_approval(version_id, person, at=now)
            text = _("Asked. A lead who did not write it can publish it.")
        case "publish":
            share = _whole(request.POST.get("percent", "100"))
            if share is None:  # what cannot be read must not come to decide every order
                raise ShareRefused
            read = _whole(request.POST.get("revision", "")) or 0  # none that there is
            lives.publish(version_id, person, at=now, percent=share, why=why, revision=read)
            text = _("Published: it decides from the next order on.") if share == 100 else _(
                "It decides %(share)s %% of orders now; the live version the others."
            ) % {"share": share}  # fmt: skip
        case "retire":
            if not person.may(StaffRole.LEAD):
                raise RoleNeeded(role_name(StaffRole.LEAD))
            if not why:
                raise ReasonMissing
            lives.retire(version_id, person, at=now, why=why)
            text = _("Retired. Its text and its decisions are kept.")
        case "discard":
            if get_version(version_id).state != VersionState.DRAFT:
                raise WrongState("the version", "not a draft", "a draft")
            lives.retire(version_id, person, at=now, why=why or _("discarded as a draft"))
            text = _("The draft is put away. Its text is kept.")
        case _other:
            raise NotFound("step", verb)
    return done(request, text, reverse("console:version", args=[version_id]))


def _whole(text: str) -> int | None:
    """A whole number of a form's field, None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


@require_POST
@staff_page(StaffRole.LEAD)
def roll_back(request: StaffRequest, name: str) -> HttpResponse:
    """Back to the version that was live before, in one step."""
    why = request.POST.get("reason", "").strip()
    if not why:
        raise ReasonMissing
    version = lives.roll_back(name, request.user, at=timezone.now(), why=why)
    text = _("Version %(number)s is live again.") % {"number": version.number}
    return done(request, text, reverse("console:version", args=[version.id]))


@require_POST
@staff_page()
def snooze(request: StaffRequest, name: str) -> HttpResponse:
    """Lets a rule rest for some hours: it is evaluated and counted, but does not act."""
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        raise ReasonMissing
    given, now = form.cleaned_data, timezone.now()
    key = _entity_key(name, given["decision"], given["entity"]) if given["entity"] else None
    actor = Actor(request.user.id, request.user.staff_role, given["reason"])
    until = now + timedelta(hours=given["hours"])
    actions.snooze(name, given["rule"], actor, at=now, until=until, entity_key=key)
    target = back_to(request, reverse("console:policy", args=[name]))
    return done(request, _("%(rule)s rests. It is still counted.") % {"rule": given["rule"]}, target)


def _entity_key(policy: str, decision_id: str, field: str) -> int:
    """The key in one field of an event that a policy decided. Raises NotFound."""
    made = Decision.objects.only("moment").filter(id=decision_id, policy=policy).first()
    fact = fact_of(made.moment) if made is not None and field in CATALOGUE.key_fields else None
    if not fact or fact.get(field) is None:
        raise NotFound(field, f"in decision {decision_id}")
    return int(fact[field])


@require_POST
@staff_page()
def unmute(request: StaffRequest, name: str, mute_id: int) -> HttpResponse:
    """Ends a snooze, or lifts the brake; the brake needs a lead."""
    mute = Mute.objects.filter(id=mute_id, policy=name).first()
    if mute is None:
        raise NotFound("mute in force", str(mute_id))
    if mute.cause == Mute.Cause.BRAKE and not request.user.may(StaffRole.LEAD):
        raise RoleNeeded(role_name(StaffRole.LEAD))
    actions.unmute(mute_id, Actor(request.user.id, request.user.staff_role), at=timezone.now())
    target = back_to(request, reverse("console:policy", args=[name]))
    return done(request, _("%(rule)s acts again.") % {"rule": mute.rule}, target)
