"""A dump of a whole demo world, built by the command as anybody builds it: nothing of any person stands in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from safeconduct.cli.demo import PEOPLE
from safeconduct.demo import Parameters, World, generate
from safeconduct.foundation.postgres import find_wheel_binaries, lease
from safeconduct.kernel.events.catalogue import CATALOGUE

SEED, ORDERS = 1, 500
#: Fewer different values than these would mean that the world has lost what the test looks for.
AT_LEAST = {"email": 300, "recipient": 150, "address": 200, "phone": 200, "card": 200, "ip": 200, "bank_account": 20}


@dataclass(frozen=True, slots=True)
class Dump:
    """A dump in lower case: its text, and apart from it all that columns of bytes hold."""

    text: str
    columns: bytes

    @classmethod
    def of(cls, dump: str) -> Dump:
        # A column of bytes is written as two backslashes, an x and its digits.
        rest = re.split(r"\\\\x((?:[0-9a-f]{2})*)", dump)
        return cls("".join(rest[::2]).lower(), b"\n".join(map(bytes.fromhex, rest[1::2])).lower())


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dump]:
    """The dump of the database as `pg_dump` writes it."""
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
        yield Dump.of(dumped.stdout.decode())
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


def stand_in(dump: Dump, values: set[str]) -> list[str]:
    """Which of the values stand in the dump, as text or in the bytes of a column."""
    return sorted(value for value in values if value.lower() in dump.text or value.lower().encode() in dump.columns)


def test_no_name_address_telephone_card_or_mail_of_anybody_stands_in_it(dump: Dump) -> None:
    told = planted(generate(Parameters(seed=SEED, orders=ORDERS)))
    assert {name: len(told[name]) for name, least in AT_LEAST.items() if len(told[name]) < least} == {}
    assert stand_in(dump, set().union(*told.values())) == []


def test_no_name_or_address_of_staff_stands_in_it(dump: Dump) -> None:
    people = {said for _role, email, name, *_more in PEOPLE for said in (email, name)}
    assert len(people) >= 4
    assert stand_in(dump, people) == []


def test_the_search_finds_what_is_not_sealed(dump: Dump) -> None:
    sellers = {seller.name for seller in generate(Parameters(seed=SEED, orders=ORDERS)).sellers}
    assert len(stand_in(dump, sellers)) > len(sellers) / 2
