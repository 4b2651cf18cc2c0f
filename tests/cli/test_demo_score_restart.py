"""The demo, stopped and started again: its score speaks of the world whose truth is known, and of nothing later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import tests.django_world as world
from tests.api.api_world import Machine, good
from tests.kernel.builders import event, live_policy, usd

from safeconduct.cli.demo_score import decided_by


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Each test begins with empty tables."""
    world.forget_everything()
    yield


def test_orders_that_came_in_after_the_world_was_built_are_no_part_of_its_score() -> None:
    live_policy()
    good(Machine().post("/v1/events", {**event(amount=usd(6000)), "source": "haihang"}))
    now = datetime.now(UTC)
    assert [decision.action for decision in decided_by(now, timedelta())] == ["block"]
    assert decided_by(now - timedelta(hours=1), timedelta()) == []
