"""A step that a member takes: signing in, or something that an account thief does too."""

from __future__ import annotations

from dataclasses import dataclass, field

from safeconduct.demo.people import Member, Seller
from safeconduct.demo.rendering import Data
from safeconduct.demo.truth import Action

SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Said:
    """What a step truly was."""

    attack: str
    role: str
    expected: Action
    incident: int


@dataclass(slots=True)
class Step:
    """A sensitive act of a member. ``follows``: type and fields of the event that says it was done."""

    at: int
    seller: Seller
    member: Member
    act: str
    device: str
    ip: str
    country: str
    proxy: bool = False
    factor: str = ""
    extra: Data = field(default_factory=dict)
    follows: tuple[str, Data] | None = None
    said: Said | None = None

    @property
    def honest(self) -> bool:
        return self.said is None or self.said.expected is Action.ALLOW


def usual(seller: Seller, member: Member, at: int, act: str = SIGN_IN, said: Said | None = None) -> Step:
    """An act from where the member always works."""
    return Step(at, seller, member, act, member.devices[0], member.ip, seller.country, said=said)


def changing(step: Step, change: str) -> Step:
    """The step with the change of a credential that follows it."""
    step.follows = ("security.changed", {"change": change})
    return step
