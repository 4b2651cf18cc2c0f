"""What a trained model's figures are, as JSON and as drawings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from safeconduct.analytics import measures
from safeconduct.analytics.features_duckdb import FeatureTable, Period
from safeconduct.analytics.plots import Curve, xy_plot
from safeconduct.foundation.moments import moment_time
from safeconduct.foundation.money import exponent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Judged:
    """The events a model is judged on: what they turned out to be, and the day of the test period each fell on.

    ``removed``: events of the period left out because their card was known as compromised.
    """

    table: FeatureTable
    fraud: NDArray[np.bool_]
    days: NDArray[np.int64]
    period: Period
    removed: int


def build(
    judged: Judged, probabilities: NDArray[np.float64], baseline: NDArray[np.float64], *, thresholds: tuple[float, ...],
    top: int, currency: str | None,
) -> tuple[dict[str, Any], dict[str, str]]:  # fmt: skip
    """The figures of a model and of its baseline on the same events, and the drawings by name."""
    calibrated = measures.calibration(probabilities, judged.fraud)
    points = measures.operating_points(probabilities, judged.fraud, judged.table.amounts_minor, thresholds)
    report = {
        "test": period_report(judged.period, len(judged.table), int(judged.fraud.sum())) | {"removed": judged.removed},
        "model": _figures(judged, probabilities, top),
        "baseline": {"kind": "logistic regression", **_figures(judged, baseline, top)},
        "calibration": asdict(calibrated),
        "operating_points": [asdict(point) for point in points],
        "currency": currency,
    }
    # As it will be read back: lists and no tuples, and no number that JSON does not have.
    report = json.loads(as_json(report))
    return report, _plots(judged, probabilities, baseline, calibrated, points, currency)


def period_report(period: Period, events: int, frauds: int) -> dict[str, Any]:
    """A period and what was in it."""
    since, until = moment_time(period.since), moment_time(period.until)
    return {"since": since.isoformat(), "until": until.isoformat(), "events": events, "frauds": frauds}


def as_json(report: dict[str, Any]) -> str:
    """The report as JSON text; refuses numbers that JSON does not have."""
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_text(report: dict[str, Any]) -> str:
    """The report's main figures for a terminal."""
    train, test, calibrated = report["train"], report["test"], report["calibration"]
    lines = [
        f"Model {report['name']}: {len(report['inputs'])} inputs, calibrated ({report['calibration_method']})",
        f"  learned from {_days(train)}: {train['events']:,} events, {train['frauds']:,} frauds known",
        f"  judged on    {_days(test)}: {test['events']:,} events, {test['frauds']:,} frauds",
        f"  without {test['removed']:,} events of known cards; outcomes known after {report['maturity_days']:g} days",
        f"  {'':22}{'AUC':>8}{'AP':>8}{'CP@' + str(report['model']['cards_looked_at']):>8}",
    ]
    for title, key in (("model", "model"), ("logistic regression", "baseline")):
        figures = report[key]
        shown = "".join(f"{_three(figures[n]):>8}" for n in ("auc", "average_precision", "card_precision"))
        lines.append(f"  {title:22}{shown}")
    lines.append(
        f"  calibration: {calibrated['expected']:,.1f} frauds expected, {calibrated['observed']:,} came; Brier"
        f" {calibrated['brier']:.5f} (base rate {calibrated['brier_of_base_rate']:.5f})"
    )
    currency = report["currency"]
    lines.append(f"  amounts in {currency or 'minor units'}")
    lines.append("  stop from    stopped   frauds     good     prevented   good amount   precision")
    lines += [_operating_line(point, currency) for point in report["operating_points"]]
    return "\n".join(lines) + "\n"


def _days(period: dict[str, Any]) -> str:
    return f"{period['since'][:10]} up to {period['until'][:10]} (exclusive)"


def _operating_line(point: dict[str, Any], currency: str | None) -> str:
    places, divisor = _scale(currency)
    prevented, good = (point[name] / divisor for name in ("prevented_minor", "good_stopped_minor"))
    counts = f"{point['stopped']:>11,}{point['fraud_stopped']:>9,}{point['good_stopped']:>9,}"
    amounts = f"{prevented:>14,.{places}f}{good:>14,.{places}f}"
    return f"  {point['threshold']:>9.2f}{counts}{amounts}{_three(point['precision']):>12}"


def _scale(currency: str | None) -> tuple[int, int]:
    """Decimal places of a currency, and how many minor units make a major one; amounts stay minor without one."""
    places = exponent(currency) if currency is not None else 0
    return places, 10**places


def _three(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _figures(judged: Judged, scores: NDArray[np.float64], top: int) -> dict[str, Any]:
    ranked = measures.ranking(scores, judged.fraud)
    cards = measures.card_precision(judged.days, judged.table.units, scores, judged.fraud, top=top)
    return {
        "auc": ranked.auc, "average_precision": ranked.average_precision, "cards_looked_at": top,
        "card_precision": cards.value if cards else None, "card_precision_possible": cards.possible if cards else None,
        "card_precision_by_day": list(cards.by_day) if cards else [],
    }  # fmt: skip


def _plots(
    judged: Judged, probabilities: NDArray[np.float64], baseline: NDArray[np.float64],
    calibrated: measures.Calibration, points: tuple[measures.OperatingPoint, ...], currency: str | None,
) -> dict[str, str]:  # fmt: skip
    plots = {}
    if judged.fraud.any() and not judged.fraud.all():
        both = (("model", probabilities, "accent"), ("logistic regression", baseline, "calm"))
        plots["roc"] = xy_plot(
            "Frauds stopped against good events stopped", "share of good events stopped", "share of frauds stopped",
            [Curve(n, measures.roc_points(s, judged.fraud), tone) for n, s, tone in both], x_top=1.0, y_top=1.0,
        )  # fmt: skip
        plots["precision-recall"] = xy_plot(
            "Precision against recall", "share of frauds found", "precision",
            [Curve(n, measures.precision_recall_points(s, judged.fraud), tone) for n, s, tone in both],
            x_top=1.0, y_top=1.0,
        )  # fmt: skip
    plots["reliability"] = xy_plot(
        "What was promised and what came", "probability promised", "share of frauds",
        [
            Curve("perfect", [(0.0, 0.0), (1.0, 1.0)], "calm"),
            Curve("model", [(b.promised, b.observed) for b in calibrated.bins], dots=True),
        ], x_top=1.0, y_top=1.0,
    )  # fmt: skip
    scale = _scale(currency)[1]
    by_good = sorted(
        (float(p.good_stopped), p.prevented_minor / scale)  # house-rule: float-money because it is a drawing
        for p in points
    )
    plots["money"] = xy_plot(
        "Loss prevented against good events stopped", "good events stopped",
        f"loss prevented ({currency or 'minor units'})",
        [Curve("thresholds", by_good, "good", dots=True)],
    )  # fmt: skip
    return plots
