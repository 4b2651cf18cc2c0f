"""What the staff read about an order's cover beside a decision."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.protection import OrderNote
from safeconduct.kernel.scope import query
from safeconduct.kernel.ui import formats
from safeconduct.protections.transactions import versions
from safeconduct.protections.transactions.console_words import CAUSES, reason_text, state_name

_ROW = """
SELECT c.certificate -> 'positions', c.up_to_minor, (c.certificate ->> 'review_must_end_by_us')::bigint, t.id, t.text
FROM coverage c JOIN coverage_template t ON t.id = c.template_id WHERE c.order_key = %b
"""


def notes_of(order_key: int) -> list[OrderNote]:
    """The order's cover cause by cause, what it can cost, and until when a review must end; empty without cover."""
    row = query(_ROW, [order_key]).fetchone()
    if row is None:
        return []
    positions, up_to_minor, end_by_us, template_id, text = row
    template = versions.parsed(text)
    stands: dict[tuple[str, str], list[str]] = {}
    for cause, (state, reason, _pays) in positions.items():
        stands.setdefault((state, reason), []).append(str(CAUSES[cause]))
    notes = []
    for (state, reason), causes in stands.items():
        name, tone = state_name(state)
        detail = [] if len(stands) == 1 else [", ".join(causes)]
        detail += [reason_text(reason, template)] if reason else []
        notes.append(OrderNote(_("Cover"), name, ": ".join(detail), tone=tone))
    url = reverse("console:transactions:template", args=[template_id])
    limit = "\N{EN DASH}"
    if up_to_minor is not None:
        limit = formats.money(up_to_minor, settings.REPORTING_CURRENCY, get_language() or "en")
    notes.append(OrderNote(_("The fund pays up to"), limit, url=url))
    if end_by_us is not None:
        notes.append(OrderNote(_("Card authorisation lapses"), at=at_micros(end_by_us + template.review.before_us)))
        notes.append(OrderNote(_("Decide before"), at=at_micros(end_by_us)))
    return notes
