"""What the security page reads: how well a shop is guarded, and what would make it better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils.translation import gettext as _

from safeconduct.kernel.parties.models import MemberRole, Membership
from safeconduct.kernel.parties.staff import with_second_factor


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that guards the shop: whether it is there, and how to get it."""

    met: bool
    title: str
    way: str
    url: str


@dataclass(frozen=True, slots=True)
class Guards:
    """All guards of a shop, and who of its people has a second step."""

    each: tuple[Guard, ...]
    second_step: frozenset[str]

    @property
    def score(self) -> int:
        """How many of them are there."""
        return sum(guard.met for guard in self.each)


def guards_of(memberships: Sequence[Membership]) -> Guards:
    """How a shop is guarded, from its members in force, each with its `person`. Two queries."""
    people = [m.person for m in memberships]
    owners = {m.person_id for m in memberships if m.role == MemberRole.OWNER}
    money = {m.person_id for m in memberships if m.role in (MemberRole.OWNER, MemberRole.FINANCE)}
    strong = with_second_factor(people)
    passkeys = set(
        Authenticator.objects.filter(user__in=people, type=Authenticator.Type.WEBAUTHN).values_list(
            "user_id", flat=True
        )
    )
    factors, staff = reverse("mfa_index"), reverse("portal:people")
    return Guards(
        (
            Guard(
                money <= strong, _("Everyone near the money has a second step"),
                _("Owners and finance each set up a passkey or an authenticator app."), factors,
            ),
            Guard(
                {p.id for p in people} <= strong, _("Everyone has a second step"),
                _("A thief takes the weakest way in: ask the others to set one up too."), factors,
            ),
            Guard(
                owners <= passkeys, _("Every owner has a passkey"),
                _("A passkey cannot be read out on the telephone or typed into a copy of this page."), factors,
            ),
            Guard(
                len(owners) > 1, _("There is a second owner"),
                _("Who loses every key needs somebody else who may let them in again."), staff,
            ),
        ),
        frozenset(strong),
    )  # fmt: skip
