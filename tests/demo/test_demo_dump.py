"""A dump of a whole demo world, built by the command as anybody builds it: nothing of any person stands in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator

import pytest

from safeconduct.demo import Parameters, World, generate
from safeconduct.foundation.postgres import find_wheel_binaries, lease
from safeconduct.kernel.events.catalogue import CATALOGUE

SEED, ORDERS = 1, 500
#: Fewer different values than these would mean that the world has lost what the test looks for.
AT_LEAST = {"email": 300, "recipient": 150, "address": 200, "phone": 200, "card": 200, "ip": 200, "bank_account": 20}


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dump of the database, in lower case, as `pg_dump` writes it."""
    folder = tmp_path_factory.mktemp("dump")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SAFECONDUCT_", "DJANGO_", "DATABASE_"))}
    command = ["demo", "--seed", str(SEED), "--orders", str(ORDERS), "--no-serve", "--json"]
    try:
        built = subprocess.run(
            [sys.executable, "-m", "safeconduct", *command],
            capture_output=True, text=True, env={**inherited, "SAFECONDUCT_VAR": str(folder)},
        )  # fmt: skip
        assert built.returncode == 0, built.stderr[-2000:]
        assert json.loads(built.stdout)["built"]["events"] > 4_000
        programs = find_wheel_binaries()
        assert programs is not None
        with lease(folder / "demo" / "postgres") as server:
            dumped = subprocess.run([programs / "pg_dump", server.url("safeconduct")], capture_output=True, check=True)
        yield dumped.stdout.decode().lower()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def planted(world: World) -> dict[str, set[str]]:
    """What the world tells of people in its events: by field, every value."""
    personal = {kind.name: [field.name for field in kind.fields if field.personal] for kind in CATALOGUE.values()}
    found = defaultdict(set)
    for event in world.events:
        for name in personal.get(event["type"], ()):
            if event["data"].get(name):
                found[name].add(str(event["data"][name]))
    return dict(found)


def stand_in(dump: str, values: set[str]) -> list[str]:
    """Which of the values stand in the dump, as text or as the bytes of a column."""
    return sorted(value for value in values if value.lower() in dump or value.lower().encode().hex() in dump)


def test_no_name_address_telephone_card_or_mail_of_anybody_stands_in_it(dump: str) -> None:
    told = planted(generate(Parameters(seed=SEED, orders=ORDERS)))
    assert {name: len(told[name]) for name, least in AT_LEAST.items() if len(told[name]) < least} == {}
    assert {name: found for name, values in told.items() if (found := stand_in(dump, values))} == {}


def test_the_search_finds_what_is_not_sealed(dump: str) -> None:
    sellers = {seller.name for seller in generate(Parameters(seed=SEED, orders=ORDERS)).sellers}
    assert len(stand_in(dump, sellers)) > len(sellers) / 2
