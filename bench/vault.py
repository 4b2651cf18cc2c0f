"""What guarding costs, against the same without: a field, a blind index, a page of 50 masked values, a risk decision;
and a field sealed by a key process (`safeconduct keys serve`), against the same in the process itself.

Fields and indexes are pure processor time, the median of rounds. The page is a query for 50 rows whose values are opened
and masked, held against the same query that reads clear text; both are of one process and one connection. The risk
decision is a sign-in that is received, judged by the shipped policy and recorded, held against one that is only
received; each is committed.
"""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bench.figures import Figure
from bench.place import forget_everything, ready

ROUNDS, QUICK_ROUNDS = 400, 40
_ROWS = 50
_TOGETHER = 100
_FIELD = b"Calle Berenjena 1147, Temuco; +56 9 8765 4321"


def run(quick: bool) -> list[Figure]:
    """The figures."""
    ready()
    forget_everything()
    from safeconduct.kernel.vault import data_keys
    from safeconduct.kernel.vault.key_types import Item
    from safeconduct.kernel.vault.pseudonyms import blind_index, normalise
    from safeconduct.kernel.vault.sealing import Column, Place, seal_with, unseal_with

    rounds = QUICK_ROUNDS if quick else ROUNDS
    column = Column("bench.field", "bench")
    key = data_keys.standing("bench", column.purpose)
    sealed = seal_with(key, column, "row_1", _FIELD)
    owners = [(f"order/{number}", column.purpose) for number in range(1_000)]
    copied = _us(lambda: bytes(bytearray(_FIELD)), rounds)
    folded = _us(lambda: normalise("email", "Ana.Rojas@Example.org"), rounds)
    sealing = _us(lambda: seal_with(key, column, "row_1", _FIELD), rounds)
    opening = _us(lambda: unseal_with(key, column, Place("row_1", key.subject), sealed), rounds)
    index = _us(lambda: blind_index("email", "Ana.Rojas@Example.org"), rounds)
    started = time.perf_counter()
    data_keys.keys_for(owners)
    making = (time.perf_counter() - started) / len(owners) * 1e6
    started = time.perf_counter()
    data_keys.keys_for(owners)
    finding = (time.perf_counter() - started) / len(owners) * 1e6
    asked, together = _key_process_us(Item(key, b"bench.field row_1", _FIELD), rounds)
    page, clear = _page_ms(rounds)
    judged, received = _risk_ms(max(20, rounds // 2))
    forget_everything()
    return [
        Figure("field sealed", sealing, "µs", f"copying it: {copied:.2f} µs", sealing / copied),
        Figure("field opened", opening, "µs", f"copying it: {copied:.2f} µs", opening / copied),
        Figure("field sealed by a key process", asked, "µs", f"in the process: {sealing:.2f} µs", asked / sealing),
        Figure(f"the same, {_TOGETHER} together", together, "µs each", f"in the process: {sealing:.2f} µs",
               together / sealing),
        Figure("blind index", index, "µs", f"normalising alone: {folded:.2f} µs", index / folded),
        Figure("data key made, 1,000 in a statement", making, "µs each", f"finding it: {finding:.1f} µs",
               making / finding),
        Figure(f"page of {_ROWS} masked rows", page, "ms, median", f"the same in clear text: {clear:.2f} ms",
               page / clear),
        Figure("risk decision about a sign-in", judged, "ms, median", f"the sign-in only received: {received:.2f} ms",
               judged / received),
    ]  # fmt: skip


def _key_process_us(item: Any, rounds: int) -> tuple[float, float]:
    """Microseconds for a field that a key process seals, asked for alone and with others."""
    from django.conf import settings

    from safeconduct.kernel.vault.errors import KeyProcessUnavailable
    from safeconduct.kernel.vault.key_client import KeyClient

    with tempfile.TemporaryDirectory() as folder:
        place = f"{folder}/socket"
        command = [sys.executable, "-m", "safeconduct", "keys", "serve", "--socket", place]
        environment = {**os.environ, "SAFECONDUCT_KEY_FILE": settings.ROOT_KEY_FILE}
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                client = KeyClient(place)
                with suppress(KeyProcessUnavailable):  # it takes a second to begin, under load several
                    client.roots()
                alone = _us(lambda: client.seal([item]), rounds, 20)
                return alone, _us(lambda: client.seal([item] * _TOGETHER), rounds, 2) / _TOGETHER
            finally:
                process.terminate()


def _risk_ms(rounds: int) -> tuple[float, float]:
    """Milliseconds for a sign-in with the policy of account risk in force, and with none; of as many people as rounds,
    with nine earlier sign-ins each."""
    from safeconduct.kernel.decisions import policies
    from safeconduct.kernel.events import log
    from safeconduct.kernel.scope import Actor, owner_scope, query, staff_scope
    from safeconduct.protections.accounts.risk import shipped_policies
    from safeconduct.protections.accounts.risk.judging import Act, ActKind, judge

    now = datetime.now(UTC)
    history = [_sign_in(person, now - timedelta(days=day + 1)) for person in range(rounds) for day in range(9)]
    for first in range(0, len(history), 1000):
        log.receive(history[first : first + 1000], known=log.Known.WHEN_IT_HAPPENED, imported=True)
    with owner_scope():
        query("ANALYZE fact")

    def ask(person: int) -> None:
        data = _sign_in(person, now)["data"]
        known = {name: value for name, value in data.items() if name not in ("member", "act", "seller")}
        judge(Act(ActKind.SIGN_IN, data["member"], datetime.now(UTC), data["seller"], known))

    def median() -> float:
        return statistics.median(_round_us(partial(ask, person), 1, 0) for person in range(rounds)) / 1e3

    received = median()
    with staff_scope():
        policies.install(shipped_policies()[0], at=now, actor=Actor("bench", "owner"))
    return median(), received


def _sign_in(person: int, at: datetime) -> dict[str, Any]:
    """Somebody signs in with the device and from the network that they always use."""
    data = {
        "seller": f"s{person % 40}", "member": f"m{person}", "act": "sign_in", "device": f"d{person}",
        "ip": f"10.1.{person // 250}.{person % 250}", "ip_country": "CL", "factor": "passkey", "new_device": False,
        "new_network": False, "new_country": False, "score_band": 0, "dormant_days": 1,
    }  # fmt: skip
    identity = f"sign-in-{person}-{at.timestamp()}"
    return {"id": identity, "source": "bench", "type": "access.requested", "time": at.isoformat(), "data": data}


def _page_ms(rounds: int) -> tuple[float, float]:
    """Milliseconds for reading and masking 50 sealed e-mail addresses, and 50 that lie in clear text."""
    from safeconduct.kernel.scope import engine_scope, owner_scope, query
    from safeconduct.kernel.vault.pseudonyms import mask, register, reveal

    entities = [("email", f"{secrets.token_hex(6)}@example.org") for _ in range(_ROWS)]
    with engine_scope():
        keys = list(register(entities).values())
    with owner_scope():
        query("DROP TABLE IF EXISTS bench_clear")
        query("CREATE TABLE bench_clear (key bigint PRIMARY KEY, entity text NOT NULL, value text NOT NULL)")
        query("GRANT SELECT ON bench_clear TO safeconduct_engine")
        query(
            "INSERT INTO bench_clear SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[])",
            [keys, [kind for kind, _ in entities], [value for _, value in entities]],
        )

    def clear() -> list[str]:
        rows = query("SELECT entity, value FROM bench_clear WHERE key = ANY(%s)", [keys]).fetchall()
        return [mask(kind, value) for kind, value in rows]

    def sealed() -> list[str]:
        return [mask(kind, value) for kind, value in reveal(keys).values()]

    with engine_scope():
        assert sorted(sealed()) == sorted(clear())
        found = _us(sealed, rounds, 1) / 1e3, _us(clear, rounds, 1) / 1e3
    with owner_scope():
        query("DROP TABLE bench_clear")
    return found


def _us(act: Callable[[], object], rounds: int, times: int = 100) -> float:
    """Microseconds for one, the median of rounds."""
    return statistics.median(map(partial(_round_us, act, times), range(rounds)))


def _round_us(act: Callable[[], object], times: int, _round: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - started) / times * 1e6
