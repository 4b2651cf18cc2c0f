"""One version of a policy: what it does, its rules one by one, its text, what differs from the live one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from safeconduct.console.access import StaffRequest, page, staff_page
from safeconduct.console.case import Names
from safeconduct.console.readings import because_text, looks_at, parts_of, prose_of, reading_of, rule_text
from safeconduct.console.words import CHANGES, STATES, SUBJECTS, VERBS, policy_language
from safeconduct.foundation.moments import moment_time
from safeconduct.foundation.policy.diagnostics import Diagnostic as Finding
from safeconduct.foundation.policy.diff import diff
from safeconduct.foundation.policy.nodes import Rule
from safeconduct.foundation.policy.prose import Prose
from safeconduct.foundation.policy.reader import Reading
from safeconduct.kernel.decisions import queries
from safeconduct.kernel.decisions.beside import beside
from safeconduct.kernel.decisions.errors import NotFound
from safeconduct.kernel.decisions.models import Mute, PolicyStep, PolicyVersion, VersionState
from safeconduct.kernel.decisions.statistics import RuleStatistics, rule_statistics
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.ui.code import Diagnostic
from safeconduct.kernel.ui.parts import Diffed, Moment, Page

#: Our choice, from measuring: so many rules with sentences and statistics, and so much text, are a page of 70 kB.
RULES_ON_A_PAGE = 50
TEXT_ON_A_PAGE = 50_000
#: Beyond these the lines below say the rest.
CHANGES_ON_A_PAGE = 60


def get_version(version_id: str) -> PolicyVersion:
    """A version with the people who wrote and approved it. Raises NotFound."""
    found = PolicyVersion.objects.select_related("author", "approved_by").filter(id=version_id).first()
    if found is None:
        raise NotFound("policy version", version_id)
    return found


@require_GET
@staff_page()
def version(request: StaffRequest, version_id: str) -> HttpResponse:
    """One version: what it does in sentences, how its rules do, what may be done with it, what was done.

    Its text and each rule have pages of their own.
    """
    found = get_version(version_id)
    reading = reading_of(found.text)
    now = timezone.now()
    mutes = queries.mutes_in_force(found.policy, at=now)
    steps = list(PolicyStep.objects.filter(version=found).order_by("-at", "-id")[:50])
    people = {p.id: str(p) for p in User.objects.filter(id__in={s.actor for s in steps} | {m.actor for m in mutes})}
    live = queries.live_version(found.policy) if found.state != VersionState.LIVE else found
    name, tone = STATES[found.state]
    prose = prose_of(reading, policy_language())
    rules, pages = _page_of_rules(reading, request.GET)
    tried = live is not None and found.state in (VersionState.SHADOW, VersionState.CHALLENGER)
    context = {
        "beside": _beside(found, live) if tried and live is not None else None, "currency": settings.REPORTING_CURRENCY,
        "version": found, "state": name, "tone": tone, "live": live, "prose": prose,
        "faults": faults_of(reading), "rules": _rules(found, rules, mutes, now, prose), "pages": pages,
        "brakes": [m for m in mutes if m.cause == Mute.Cause.BRAKE], "mutes": _mutes(mutes, people),
        "history": _history(steps, people), "may": _may(request.user, found, reading, live),
        "features": prose.features.items() if prose and not pages.previous else (),
        "maturity_days": settings.LABEL_MATURITY_DAYS,
    }  # fmt: skip
    return page(request, "console/version.html", "policies", context)


def _beside(found: PolicyVersion, live: PolicyVersion) -> dict[str, Any]:
    """What a version that is being tried said of the same events as the live one."""
    said = beside(found.id, live.id)
    names = Names(event.order_key for event in said.newest)
    return {
        "said": said, "alike": said.both - said.differing, "share": said.differing / said.both if said.both else None,
        "newest": [
            {"event": event, "order": names.of(event.order_key) if event.order_key is not None else event.decision_id,
             "at": moment_time(event.moment)}
            for event in said.newest
        ],
    }  # fmt: skip


def _page_of_rules(reading: Reading, given: QueryDict) -> tuple[tuple[Rule, ...], Page]:
    """The rules of one page, in the order of the text; the cursor is the place of the last one shown before."""
    rules = reading.policy.rules if reading.policy else ()
    after = given.get("after", "")
    start = min(int(after), max(len(rules) - 1, 0)) if after.isascii() and after.isdigit() and len(after) < 7 else 0
    if (before := given.get("before", "")).isascii() and before.isdigit() and len(before) < 7:
        start = max(int(before) - RULES_ON_A_PAGE, 0)
    end = start + RULES_ON_A_PAGE
    shown = rules[start:end]
    several = Page(str(end) if end < len(rules) else "", str(start) if start else "", len(shown), len(rules))
    return shown, several if len(rules) > len(shown) else Page()


def _rules(
    found: PolicyVersion, rules: Sequence[Rule], mutes: list[Mute], now: datetime, prose: Prose | None
) -> list[dict[str, Any]]:
    if not rules:
        return []
    stats: dict[str, RuleStatistics] = {}
    if found.state != VersionState.DRAFT:
        stats = {s.rule: s for s in rule_statistics(versions=[found.id], now=now)}
    muted = {mute.rule for mute in mutes if mute.entity_key is None}
    return [
        {"rule": rule, "prose": prose.rules.get(rule.name, "") if prose else "", "muted": rule.name in muted,
         **figures(stats.get(rule.name))}
        for rule in rules
    ]  # fmt: skip


def figures(stats: RuleStatistics | None) -> dict[str, Any]:
    """A rule's statistics as pages show them: how often it spoke, and how often it was right."""
    return {
        "stats": stats,
        "rate": stats.fired / stats.decided if stats and stats.decided else None,
        "interval": stats.interval if stats and stats.mature_orders else None,
    }  # fmt: skip


@require_GET
@staff_page()
def rule(request: StaffRequest, version_id: str, name: str) -> HttpResponse:
    """One rule of a version: its sentence, its text, what it looks at, how it does, and a rest for it."""
    found = get_version(version_id)
    reading = reading_of(found.text)
    prose = prose_of(reading, policy_language())
    chosen = next((r for r in reading.policy.rules if r.name == name), None) if reading.policy else None
    if chosen is None or prose is None or reading.policy is None:
        raise NotFound("rule", name)
    now = timezone.now()
    stats: RuleStatistics | None = None
    if found.state != VersionState.DRAFT:
        stats = next((s for s in rule_statistics(versions=[found.id], rule=name, now=now)), None)
    mutes = [m for m in queries.mutes_in_force(found.policy, at=now) if m.rule == name]
    people = {p.id: str(p) for p in User.objects.filter(id__in={m.actor for m in mutes})} if mutes else {}
    part = rule_text(reading, chosen)
    state, tone = STATES[found.state]
    context = {
        "version": found, "state": state, "tone": tone, "rule": chosen, "prose": prose.rules.get(name, ""),
        "because": because_text(chosen, policy_language()), "features": looks_at(reading.policy, chosen, prose).items(),
        "mutes": _mutes(mutes, people), "muted_for_all": any(m.entity_key is None for m in mutes),
        "part": part, "text_url": text_url(found, part.first_line), "currency": settings.REPORTING_CURRENCY,
        "may": _may(request.user, found, reading, None), "maturity_days": settings.LABEL_MATURITY_DAYS,
        **figures(stats),
    }  # fmt: skip
    return page(request, "console/rule.html", "policies", context)


@require_GET
@staff_page()
def text(request: StaffRequest, version_id: str) -> HttpResponse:
    """The text of a version, in parts where it is long."""
    found = get_version(version_id)
    reading = reading_of(found.text)
    parts = list(parts_of(found.text, TEXT_ON_A_PAGE))
    wanted = request.GET.get("part", "1")
    number = min(int(wanted), len(parts)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 5 else 1
    first, lines = parts[max(number, 1) - 1]
    name, tone = STATES[found.state]
    context = {
        "version": found, "state": name, "tone": tone, "faults": faults_of(reading), "first": first,
        "lines": lines, "parts": [(n, start, start + len(part) - 1) for n, (start, part) in enumerate(parts, 1)],
        "part": max(number, 1), "may": {"edit": found.state == VersionState.DRAFT},
    }  # fmt: skip
    return page(request, "console/text.html", "policies", context)


def text_url(found: PolicyVersion, line: int) -> str:
    """The address of a line of a version's text."""
    part = 1
    for number, (first, _lines) in enumerate(parts_of(found.text, TEXT_ON_A_PAGE), 1):
        if first <= line:
            part = number
    query = f"?part={part}" if part > 1 else ""
    return f"{reverse('console:version_text', args=[found.id])}{query}#L{line}"


def _mutes(mutes: list[Mute], people: dict[str, str]) -> list[dict[str, Any]]:
    names = Names(m.entity_key for m in mutes)
    return [
        {"mute": m, "who": people.get(m.actor, m.actor), "entity": names.of(m.entity_key) if m.entity_key else ""}
        for m in mutes
    ]


def _history(steps: list[PolicyStep], people: dict[str, str]) -> list[Moment]:
    tones = {"published": "good", "live again": "good", "retired": "warn", "rolled back": "bad", "asked": "info"}
    return [
        Moment(
            f"{people.get(s.actor, _('The system') if s.actor == 'system' else s.actor)} {_verb(s.verb)}", s.at, s.why,
            tones.get(s.verb, ""),
        )
        for s in steps
    ]  # fmt: skip


def _verb(verb: str) -> str:
    if verb.startswith("challenger"):
        return _("approved it as challenger for %(share)s") % {"share": verb.removeprefix("challenger ")}
    return str(VERBS.get(verb, verb))


def _may(person: User, found: PolicyVersion, reading: Reading, live: PolicyVersion | None) -> dict[str, bool]:
    """What this person can do with this version now; what they cannot is explained, not hidden, where it matters."""
    draft, shadow = found.state == VersionState.DRAFT, found.state == VersionState.SHADOW
    challenger = found.state == VersionState.CHALLENGER
    readable = reading.policy is not None
    return {
        "edit": draft, "shadow": draft and readable, "ask": (draft or shadow) and readable and found.approval_asked_at is None,
        "publish": (draft or shadow or challenger) and readable and person.may(StaffRole.LEAD) and person.id != found.author_id,
        "own": (draft or shadow or challenger) and readable and person.id == found.author_id,
        "retire": found.state not in (VersionState.RETIRED, VersionState.DRAFT) and person.may(StaffRole.LEAD),
        "discard": draft, "compare": live is not None and live.id != found.id,
        "backtest": readable and not challenger, "lead": person.may(StaffRole.LEAD),
        "snooze": found.state in (VersionState.LIVE, VersionState.CHALLENGER, VersionState.SHADOW),
    }  # fmt: skip


def faults_of(reading: Reading, more: Sequence[Finding] = ()) -> list[Diagnostic]:
    """The findings of a reading as the editor shows them; ``more``: those of its tests."""
    return [_fault(finding) for finding in (*reading.diagnostics, *more)]


def _fault(finding: Finding) -> Diagnostic:
    level: Literal["error", "warning"] = "warning" if finding.severity.value == "warning" else "error"
    return Diagnostic(finding.span.line, finding.span.column, finding.message, finding.hint or "", level)


@require_GET
@staff_page()
def compare(request: StaffRequest, version_id: str) -> HttpResponse:
    """What differs from the live version: change by change, and line by line."""
    found = get_version(version_id)
    live = queries.live_version(found.policy)
    if live is None:
        raise NotFound("live version", found.policy)
    old, new = (_("version %(number)s") % {"number": v.number} for v in (live, found))
    before, after = reading_of(live.text).policy, reading_of(found.text).policy
    changes = diff(before, after) if before is not None and after is not None else None
    context = {
        "version": found, "live": live, "diff": Diffed(live.text, found.text, old, new),
        "readable": changes is not None, "left_out": max(0, len(changes or ()) - CHANGES_ON_A_PAGE),
        "changes": [
            {"change": one, "subject": SUBJECTS[one.subject], "kind": CHANGES[one.kind][0], "tone": CHANGES[one.kind][1]}
            for one in (changes or ())[:CHANGES_ON_A_PAGE]
        ],
    }  # fmt: skip
    return page(request, "console/compare.html", "policies", context)
