"""Entities are found or made beside others that make the same ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from safeconduct.kernel.scope import close_connections, engine_scope
from safeconduct.kernel.vault import pseudonyms

PEOPLE = [("email", f"buyer{n}@example.org") for n in range(400)]


def registered(entities: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    pseudonyms.forget()
    with engine_scope():
        return pseudonyms.register(entities)


def test_two_who_meet_the_same_new_people_in_other_orders_agree_and_neither_fails() -> None:
    def other(entities: list[tuple[str, str]]) -> list[dict[tuple[str, str], int]]:
        try:
            return [registered(entities[first : first + 200]) for first in range(0, len(entities), 50)]
        finally:
            close_connections()

    with ThreadPoolExecutor(2) as both:
        one, two = both.map(other, (PEOPLE, list(reversed(PEOPLE))))
    keys = {entity: key for part in one for entity, key in part.items()}
    assert len(keys) == len(PEOPLE)
    assert all(keys[entity] == key for part in two for entity, key in part.items())
