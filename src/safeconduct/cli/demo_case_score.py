"""Reading what the product advised, ruled and answered in the demo's cases, for their score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from safeconduct.demo.case_scoring import CaseReport

_ADVICE: Final = """
SELECT e.data ->> 'order', CASE WHEN d.action = 'allow' THEN '{}' ELSE d.fired END
FROM decision d JOIN event e USING (moment) WHERE d.policy = 'return-abuse' AND d.kind = 'live'
"""
_RULINGS: Final = """
WITH last AS (
    SELECT DISTINCT ON (case_id) case_id, amount_minor, liability, standing, decided_role IS NOT NULL AS judged
    FROM case_outcome ORDER BY case_id, at DESC, id DESC
), first AS (SELECT case_id, min(at) AS at FROM case_outcome GROUP BY 1
), acted AS (SELECT case_id, min(at) AS at FROM case_step WHERE number > 1 AND actor <> 'engine' GROUP BY 1
), clocks AS (
    SELECT d.case_id, count(*) FILTER (WHERE d.state = 'missed' AND d.owner = 'seller') AS missed,
        bool_or(EXISTS (SELECT FROM case_pause u JOIN case_party y ON y.case_id = d.case_id AND y.country = u.value
            WHERE u.scope = 'country' AND u.begins_at < coalesce(d.ended_at, now())
            AND coalesce(u.ends_at, now()) > d.started_at)) AS paused
    FROM case_deadline d GROUP BY 1
)
SELECT coalesce(p.order_ref, r.order_ref), c.kind,
    CASE WHEN last.case_id IS NOT NULL THEN coalesce(last.amount_minor, 0) END,
    coalesce(last.liability = 'seller', false), coalesce(last.standing = 'counts', false), coalesce(last.judged, false),
    extract(epoch FROM acted.at - c.opened_at)::float8, extract(epoch FROM first.at - c.opened_at)::float8,
    coalesce(clocks.missed, 0), coalesce(clocks.paused, false),
    CASE WHEN c.status = 'closed' THEN '' WHEN c.status = 'appealed' THEN 'appeals'
        WHEN c.status = 'under_review' THEN 'staff' WHEN c.status = 'decided' THEN 'can be appealed'
        WHEN EXISTS (SELECT FROM case_party y WHERE y.case_id = c.id AND y.role = 'seller' AND y.turn = 'my_turn')
        THEN 'seller' ELSE 'buyer' END
FROM case_file c LEFT JOIN dispute p ON p.case_id = c.id LEFT JOIN return_file r ON r.case_id = c.id
LEFT JOIN last ON last.case_id = c.id LEFT JOIN first ON first.case_id = c.id LEFT JOIN acted ON acted.case_id = c.id
LEFT JOIN clocks ON clocks.case_id = c.id
WHERE c.kind IN ('dispute', 'return') ORDER BY c.opened_at, c.id
"""


def read_case_score(folder: Path) -> CaseReport:
    """Compares advice, rulings and answers to banks with what each complaint truly was."""
    from safeconduct.demo import read_complaints, read_truth
    from safeconduct.demo.case_scoring import Advised, Ruling, score_cases
    from safeconduct.kernel.scope import query, staff_scope

    with staff_scope():
        advice = [Advised(order, tuple(rules)) for order, rules in query(_ADVICE).fetchall()]
        rulings = [Ruling(*row) for row in query(_RULINGS).fetchall()]
    decoys = {
        row.order_id: row.attack
        for row in read_truth(folder / "truth.jsonl")
        if row.role == "decoy" and row.order_id is not None
    }
    return score_cases(read_complaints(folder / "complaints.jsonl"), advice, rulings, _answers(), decoys)


def _answers() -> dict[str, bool]:
    """Order → whether earlier payments answer its bank's dispute, in the strictest reading."""
    from safeconduct.kernel.scope import engine_scope, query
    from safeconduct.protections.transactions.chargebacks import ce3, earlier
    from safeconduct.protections.transactions.chargebacks.models import BankDispute

    with engine_scope():
        disputes = list(BankDispute.objects.filter(code_key="visa/10.4").exclude(order_key=None).order_by("id"))
        if not disputes:
            return {}
        found = earlier.answers(disputes, max(one.opened_at for one in disputes))
        keys = [one.order_key for one in disputes]
        refs = dict(
            query("SELECT order_key, order_ref FROM coverage WHERE order_key = ANY(%b::bigint[])", [keys]).fetchall()
        )
    return {
        refs[one.order_key]: found[one.id][ce3.STRIPE.name].status is ce3.Status.QUALIFIED
        for one in disputes
        if one.id in found and one.order_key in refs
    }
