"""Every template and every end an order can come to, as the shop's own system sees it: by `/v1` and by webhook."""

from __future__ import annotations

import pytest
from tests.api.api_world import Machine
from tests.kernel.notices.receiver import receiving
from tests.protections.transactions.programmes import PROGRAMMES, Door, Programme

pytestmark = pytest.mark.usefixtures("empty_database")


@pytest.mark.parametrize("story", list(Programme().stories()))
@pytest.mark.parametrize("programme", PROGRAMMES, ids=lambda programme: programme.template)
def test_an_order_comes_to_its_end_by_the_rules_of_its_day(programme: Programme, story: str) -> None:
    with receiving() as receiver:
        door = Door(programme.template, Machine(), receiver)
        endings = programme.stories()[story](door)
        assert endings
        for ending in endings:
            door.ended(ending)
