"""A simulation as its page shows it: present against new, cause by cause and condition by condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.console_words import CAUSES, reason_text, state_name
from safeconduct.protections.transactions.coverage.template import Template
from safeconduct.protections.transactions.coverage.words import Cause, State
from safeconduct.protections.transactions.simulation import EXCLUDED, Change, Place, Simulation

_COVERED = (State.QUOTED, State.ACTIVE, State.PROTECTED, State.CLAIMED, State.PAID)


def shown(result: Simulation, template: Template) -> dict[str, Any]:
    """The result for the template: totals, a table for each cause, conditions, and orders by name."""
    names = _order_names([change.order for change in result.changes])
    return {
        "result": result, "causes": [_cause(result, cause) for cause in Cause if _covered(result, cause)],
        "uncovered": [CAUSES[cause] for cause in Cause if not _covered(result, cause)],
        "reasons": _reasons(result, template),
        "changes": [_change(alike, template, names) for alike in _together(result.changes)],
    }  # fmt: skip


def _covered(result: Simulation, cause: Cause) -> bool:
    """Whether either side covers this cause at all."""
    return any(c is cause and state != EXCLUDED for side in (result.before, result.after) for c, state in side.states)


def _together(changes: Sequence[Change]) -> list[list[Change]]:
    """Changes of one order that are the same against several causes, together; in the order given."""
    found: dict[tuple[int, Place, Place], list[Change]] = {}
    for change in changes:
        found.setdefault((change.order, change.before, change.after), []).append(change)
    return list(found.values())


def _cause(result: Simulation, cause: Cause) -> dict[str, Any]:
    """One cause; ``better`` is the direction that is good for sellers."""

    def row(label: str, *states: str, better: int) -> dict[str, Any]:
        before, after = result.before.orders(cause, *states), result.after.orders(cause, *states)
        return {
            "label": label, "before": before, "after": after, "change": after - before,
            "tone": "" if after == before else "text-good" if (after > before) == (better > 0) else "text-bad",
        }  # fmt: skip

    before, after = result.before.paid_minor[cause], result.after.paid_minor[cause]
    return {
        "name": CAUSES[cause],
        "rows": [
            row(_("Orders covered"), *_COVERED, better=1), row(_("Lost the cover"), State.VOID, better=-1),
            row(_("Claims denied"), State.DENIED, better=-1), row(_("Claims covered"), State.PAID, better=1),
        ],
        "before_minor": before, "after_minor": after, "change_minor": after - before,
    }  # fmt: skip


def _reasons(result: Simulation, template: Template) -> list[dict[str, Any]]:
    """By what orders lost the cover, with both counts; what changed most first."""
    found: dict[str, list[int]] = {}
    for side, tally in enumerate((result.before, result.after)):
        for (_cause_of, reason), n in tally.reasons.items():
            found.setdefault(reason, [0, 0])[side] += n
    rows = [
        {"name": reason, "says": reason_text(reason, template), "before": before, "after": after,
         "change": after - before}
        for reason, (before, after) in found.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-abs(row["change"]), -max(row["before"], row["after"]), row["name"]))


def _change(alike: Sequence[Change], template: Template, names: Mapping[int, str]) -> dict[str, Any]:
    def side(place: Place) -> dict[str, Any]:
        name, tone = state_name(place.state)
        return {
            "state": name, "tone": tone, "pays_minor": place.pays_minor,
            "why": reason_text(place.reason, template) if place.reason else "",
        }  # fmt: skip

    change = alike[0]
    unknown = pgettext("order", "no. %(number)s") % {"number": f"{change.order % 10_000:04d}"}
    return {
        "order": names.get(change.order) or unknown, "causes": [CAUSES[one.cause] for one in alike],
        "before": side(change.before), "after": side(change.after),
        "more_minor": change.after.pays_minor - change.before.pays_minor,
    }  # fmt: skip


def _order_names(orders: Sequence[int]) -> dict[int, str]:
    """Order → the number the shop gave it, where it has a row of coverage."""
    if not orders:
        return {}
    rows = query("SELECT order_key, order_ref FROM coverage WHERE order_key = ANY(%b::bigint[])", [list(set(orders))])
    return dict(rows.fetchall())
