"""What a shop does about payout accounts: ask, after the act was judged; carry it out, once it is confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.ledger import payout_accounts, payout_reading
from safeconduct.kernel.ledger.payout_checks import Proof
from safeconduct.kernel.ledger.payout_reading import AccountState
from safeconduct.kernel.parties import whereabouts
from safeconduct.kernel.parties.freezing import is_frozen
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.protections.accounts.payout.asking import Asking, Wish
from safeconduct.protections.accounts.payout.errors import PayoutRefused, said
from safeconduct.protections.accounts.payout.models import PayoutContest
from safeconduct.protections.accounts.risk.judging import Act, ActKind, Judgement, judge

_SOURCE: Final = "safeconduct/accounts"


def judged(asking: Asking, seller: Seller, actor: Actor, address: str, *, at: datetime) -> Judgement:
    """What the policy says of a change before anything is done: also who cannot confirm it is noticed by asking.

    In transactions of its own. The same asking again is the same act.
    """
    with engine_scope():
        place = whereabouts.asked_from(actor.id, address, at)
    known: dict[str, Any] = {"member_role": actor.role, "bank_account": asking.number or None, **place}
    return judge(Act(ActKind.PAYOUT_CHANGE, actor.id, at, seller.ref, known, asking.id))


@said
def carry_out(asking: Asking, seller: Seller, actor: Actor, proof: Proof, *, at: datetime) -> AccountState:
    """Does what was asked, judged and confirmed, and says so to the log. Returns what the account is now.

    In transactions of its own; done twice it is the same. Raises PayoutRefused.
    """
    account_id = asking.account_id
    with engine_scope():
        if is_frozen(seller.key, at):
            raise PayoutRefused(
                _("Two people claim this shop. Until that is decided, nobody changes where the money goes.")
            )
        if asking.wish is Wish.ADD:
            account_id = payout_accounts.ask(
                seller.key, asking.number, asking.holder, asking.country, actor, proof, at=at
            )
        elif payout_reading.account(account_id).state is not AccountState.ACTIVE:
            payout_accounts.swap(account_id, actor, proof, at=at)
        state = payout_reading.account(account_id).state
    data = {"seller": seller.ref, "member": actor.id}
    if asking.wish is Wish.ADD:
        data |= {"bank_account": asking.number, "account_country": asking.country}
    lanes.accept([
        {"id": asking.id, "source": _SOURCE, "type": "payout_account.changed", "time": at.isoformat(), "data": data}
    ])  # fmt: skip
    return state


@said
def cancel(account_id: str, actor: Actor, *, at: datetime) -> None:
    """Ends a change that is under way. Raises PayoutRefused."""
    with engine_scope():
        payout_accounts.cancel(account_id, actor, at=at)


def contest(seller_key: int, account_id: str, text: str, actor: Actor, *, at: datetime) -> None:
    """Keeps what a seller says against a link with another shop, for the person who judges the account. Where one is
    open already, that one stays. Runs in the seller's scope."""
    said_so = PayoutContest(
        id=new_id("pct"), account_id=account_id, seller_key=seller_key, written_by=actor.id, text=text, at=at
    )
    PayoutContest.objects.bulk_create([said_so], ignore_conflicts=True)
