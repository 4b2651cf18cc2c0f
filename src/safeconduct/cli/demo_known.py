"""A case as the demo's people meet it, and the desk at which they work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from safeconduct.cli.demo_tally import Tally

if TYPE_CHECKING:
    from safeconduct.demo import Complaint
    from safeconduct.kernel.parties.models import User


@dataclass(frozen=True, slots=True)
class Known:
    """A case at one of its states, and what the world knows about it."""

    id: str
    kind: str
    state: str
    since: datetime
    due_at: datetime
    seller_key: int
    amount_minor: int
    currency: str
    workflow: str
    order: str
    return_id: str | None
    truth: Complaint | None

    @property
    def fault(self) -> str:
        """Who did wrong; in a return of the crowd, nobody: it came back as it was sent."""
        return "" if self.truth is None else self.truth.fault.value


class Desk(Protocol):
    """Who works on cases: what was done, and who has which seat in one."""

    tally: Tally

    def person(self, case: Known, seat: int) -> User:
        """Mediator 0, arbiter 1, reviewer 2, second person 3, of the appeal 4."""
        ...
