"""A member of a shop who takes it with them: more of the buyers' contacts every week, then a friend who may touch the
money, added at night, and at last prices that give the stock away.

Everything is done with the member's own device and rights. While the exports stay within what the parcels need, nobody
can tell them from work, so those rows expect "allow".
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, DAYS, HOUR, MINUTE, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.steps import Said, changing, usual
from safeconduct.demo.truth import Action, Kind

NAME = "slow_insider"
DESCRIPTION = "Three members who export a little more every week, add a finance member at night and drop the prices"

#: Of the week's parcels an ordinary export holds the contacts of so many; the insider's grows by a part of it weekly.
_USUAL, _GROWS = 0.6, 0.22
#: Contacts beyond one for each parcel and a tenth more are over the quota (security research of 2026-11-23, 2.14).
_QUOTA = 1.1


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for incident in range(b.scaled(3, least=2)):
        shops = b.open_sellers(START, lambda s: len(s.members) > 1)
        if not shops:
            return
        seller = b.book_seller(rng.choices(shops, [shop.weight for shop in shops])[0])
        member = seller.members[1]
        b.label_entity(Kind.SELLER, seller, NAME, "betrayed", Action.REVIEW, incident=incident)
        parcels = max(8, b.parameters.orders * 7 * seller.weight / (DAYS * sum(s.weight for s in b.sellers)))
        begins = b.moment(rng, 8, 40)
        for week in range(10):
            share = _USUAL * (1 + _GROWS * week)
            over = share > _QUOTA
            at = begins + week * b.span(7 * DAY) + rng.randrange(4 * HOUR)
            b.steps.append(usual(seller, member, at - rng.randrange(3, 40) * MINUTE))
            expected = Action.CHALLENGE if over else Action.ALLOW
            taken = usual(
                seller, member, at, "mass_export", Said(NAME, "over_quota" if over else "export", expected, incident)
            )
            rows, before = round(parcels * share), round(parcels * max(_USUAL, share - _USUAL * _GROWS))
            taken.extra = {"rows": rows, "usual_rows": before, "over_quota": over}
            taken.follows = ("export.requested", {"rows": rows})
            b.steps.append(taken)
        night = begins + b.span(71 * DAY) - (begins % DAY) + int(rng.uniform(16, 19) * HOUR)
        b.steps.append(usual(seller, member, night - 9 * MINUTE))
        friend = changing(
            usual(seller, member, night, "member_added", Said(NAME, "friend_added", Action.REVIEW, incident)),
            "member_added",
        )
        friend.extra = {"member_role": "finance"}
        b.steps.append(friend)
        cut = usual(
            seller, member, night + b.span(2 * DAY), "mass_edit", Said(NAME, "prices_dropped", Action.REVIEW, incident)
        )
        cut.extra = {"deep_cuts_percent": rng.randint(35, 90)}
        b.steps.append(cut)
