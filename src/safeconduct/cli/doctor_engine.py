"""What `doctor` looks at in the engine: policies that run, what waits, and what came in that nobody understood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from safeconduct.cli.finding import OLD_S, Finding

_UNKNOWN_DAYS: Final = 30
_UNREAD_DAYS: Final = 7
#: Two days, so that who has mended it is soon told so.
_TWICE_DAYS: Final = 2
_SHOWN_TYPES: Final = 10


def policies() -> Finding:
    """Does the text of each version that runs still read, with this version of the language and the catalogue?"""
    from safeconduct.kernel.decisions.models import PolicyVersion, VersionState
    from safeconduct.kernel.decisions.running import PolicyBroken, compile_text
    from safeconduct.kernel.scope import staff_scope

    with staff_scope():
        states = (VersionState.LIVE, VersionState.CHALLENGER, VersionState.SHADOW)
        versions = list(PolicyVersion.objects.filter(state__in=states).order_by("policy", "number"))
    broken = []
    for version in versions:
        try:
            compile_text(version.text)
        except PolicyBroken as problem:
            broken.append(
                f"{version.policy} version {version.number} ({version.state}): {str(problem).splitlines()[0]}"
            )
    found = "; ".join(broken) or f"{len(versions)} versions run"
    return Finding("policies", not broken, found, "publish a version that reads, or roll back")


def queue() -> Finding:
    """Is anything waiting too long for its decision, or stuck?"""
    from safeconduct.kernel.decisions import lanes
    from safeconduct.kernel.scope import engine_scope

    with engine_scope():
        waiting, stuck, age_s = lanes.waiting()
    found = f"{waiting} waiting, {stuck} stuck, oldest due for {age_s:.0f} s"
    return Finding(
        "queue",
        stuck == 0 and age_s < OLD_S,
        found,
        "run more lanes: `safeconduct serve --lanes 4`, or `safeconduct work`",
    )


def events() -> Finding:
    """Do events come in of types that the catalogue does not know? They are kept, and nobody decides about them."""
    from safeconduct.connectors.mapping import suggestion
    from safeconduct.foundation.visible import visible
    from safeconduct.kernel.events.catalogue import CATALOGUE
    from safeconduct.kernel.events.unknown import unknown_types
    from safeconduct.kernel.scope import engine_scope

    with engine_scope():
        found = unknown_types(datetime.now(UTC) - timedelta(days=_UNKNOWN_DAYS))
    shown = [
        f"{count:,} {visible(kind)}"
        + (f" ({near.removeprefix('; ')})" if (near := suggestion(kind, CATALOGUE)) else "")
        for kind, count in found[:_SHOWN_TYPES]
    ]
    if len(found) > len(shown):
        shown.append(f"and {len(found) - len(shown)} more types")
    said = ", ".join(shown) or "none"
    return Finding("events", True, f"of unknown types in {_UNKNOWN_DAYS} days: {said}")


def deliveries() -> Finding:
    """Is any system that delivers webhooks refused every time? Then its signing secret is another one here. And could
    what was kept be read? Its source was told that we have it, and will not send it again."""
    from safeconduct.connectors.intake import refunds_told_twice, refusals_since, unread_since

    refused = refusals_since(datetime.now(UTC) - timedelta(hours=1))
    never = [name for name, (_, others) in refused.items() if not others]
    said = ", ".join(f"{count} of {name}" for name, (count, _) in refused.items()) or "none"
    found = f"{said} refused for their signature within the hour"
    mend = (
        f"compare SAFECONDUCT_CONNECTOR_SECRETS with what {' and '.join(never)} shows; if it is right, somebody forges"
    )
    unread = unread_since(datetime.now(UTC) - timedelta(days=_UNREAD_DAYS))
    if unread and not never:
        found = "; ".join(f"{count} of {name} could not be read ({why[:120]})" for name, (count, why) in unread.items())
        mend = (
            "mend SAFECONDUCT_CONNECTOR_OPTIONS or the mapping, then "
            + ", ".join(f"`safeconduct connectors read-again {name}`" for name in unread)
        )  # fmt: skip
    twice = min(refunds_told_twice(datetime.now(UTC) - timedelta(days=_TWICE_DAYS)))
    if twice and not never and not unread:
        found = (
            f"refunds of Stripe come as charge.refunded and refund.created ({twice} or more): policies count them twice"
        )
        mend = "take charge.refunded off the webhook endpoint at Stripe; the books count each refund once either way"
    return Finding("deliveries", not never and not unread and not twice, found, mend)
