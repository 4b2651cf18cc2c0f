"""Deadlines that come due all at once: 100,000 cases whose seller was silent, moved on by one sweeper, durable."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from bench.figures import Figure
from bench.place import forget_everything, ready

WORKFLOW = """\
workflow: bench
title: {en: Bench, zh: 测量, es: Medida}
parties: [buyer, seller]
start: open
second_person_above: never
states:
  open:
    title: {en: Seller answers, zh: 卖家答复, es: Responde el vendedor}
    status: open
    acts: [seller]
    clock: {key: seller_reply, term: 3 working days}
    silence: {do: to_platform}
    moves:
      to_platform:
        title: {en: To the platform, zh: 转交平台, es: A la plataforma}
        by: [engine]
        to: review
        money: none
  review:
    title: {en: Platform decides, zh: 平台裁决, es: Decide la plataforma}
    status: under_review
    acts: [arbiter]
    clock: {key: decision, term: 5 working days, of: operator}
    silence: escalate
    moves:
      decide:
        title: {en: Decide, zh: 裁决, es: Decidir}
        by: [arbiter]
        to: done
        money: none
        needs: [outcome]
  done: {title: {en: Closed, zh: 已结案, es: Cerrado}, status: closed}
backstop:
  title: {en: Backstop, zh: 兜底, es: Respaldo}
  to: done
  money: none
  ending:
    remedy: nothing
    liability: platform
    standing: does_not_count
    because: {en: The platform was silent., zh: 平台逾期。, es: La plataforma calló.}
"""
OPENED = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def run(quick: bool) -> list[Figure]:
    """Cases a second; each is one step of history, one ended and one new clock, leaf, notice."""
    ready()
    from django.conf import settings

    from safeconduct.kernel.cases import kinds, publishing
    from safeconduct.kernel.decisions import reactions

    before = settings.PROTECTIONS
    try:
        settings.PROTECTIONS = ["bench.deadlines_protection"]
        for cache in (kinds.kinds, reactions.reactions, reactions.event_types):
            cache.cache_clear()
        publishing.forget()
        return _measured(2_000 if quick else 100_000)
    finally:
        settings.PROTECTIONS = before
        for cache in (kinds.kinds, reactions.reactions, reactions.event_types):
            cache.cache_clear()


def _measured(count: int) -> list[Figure]:
    from safeconduct.kernel.cases.opening import Opening, PartyIn, open_cases
    from safeconduct.kernel.cases.sweep import keep_up
    from safeconduct.kernel.cases.words import Role
    from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query

    forget_everything()
    zones = [
        ("America/Santiago", "CL"),
        ("Asia/Shanghai", "CN"),
        ("Europe/Berlin", "DE"),
        ("America/Mexico_City", "MX"),
    ]
    started = time.perf_counter()
    for first in range(0, count, 500):
        with engine_scope():
            open_cases(
                [
                    Opening(
                        f"bench/{n}", "bench", n % 180,
                        (PartyIn(Role.BUYER, n, "UTC", "DE", "en"), PartyIn(Role.SELLER, n % 180, *zones[n % 4], "en")),
                        Actor("bench", "engine"), Role.BUYER, amount_minor=5000, currency="USD",
                    )
                    for n in range(first, min(first + 500, count))
                ],
                at=OPENED,
            )  # fmt: skip
    opened = count / (time.perf_counter() - started)
    with owner_scope():
        query("ANALYZE case_file, case_deadline, case_party")
        query("UPDATE case_deadline SET reminded = 3, wake_at = due_at")
    started = time.perf_counter()
    done = keep_up(OPENED + timedelta(days=30))
    fired = done / (time.perf_counter() - started)
    with owner_scope():
        row = query("SELECT count(*) FROM case_step WHERE number = 2").fetchone()
    assert row == (count,), row
    return [
        Figure(f"deadlines: {count:,} due at once, one sweeper", fired, "cases/s", f"opening {opened:,.0f}/s",
               fired / opened, "1,000/s", fired >= 1000),
    ]  # fmt: skip
