"""What data security refuses: each says why, and the way out."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.kernel.protection import Refusal


class NoSuchOrder(Refusal):
    code = "not_found"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("Your shop has no such order."))


class SceneMissing(Refusal):
    code = "scene_missing"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Say what you need it for; choose one of the purposes."))


class NotPaid(Refusal):
    code = "not_paid"

    def __init__(self) -> None:
        super().__init__(
            _("Nothing is shipped before it is paid. The recipient can be shown once the payment has arrived.")
        )


class Cancelled(Refusal):
    code = "cancelled"

    def __init__(self) -> None:
        super().__init__(
            _("The order was cancelled, so nothing is sent. For a question of the buyer choose that purpose.")
        )


class ShippedAlready(Refusal):
    code = "shipped_already"

    def __init__(self) -> None:
        super().__init__(
            _("The order has been shipped, so no label is needed. Choose after-sale, or a question of the buyer.")
        )


class NotShipped(Refusal):
    code = "not_shipped"

    def __init__(self) -> None:
        super().__init__(_("Nothing has been shipped yet, so there is no after-sale. Choose a purpose of shipping."))


class ClosedTooLong(Refusal):
    code = "closed_too_long"

    def __init__(self, days: int) -> None:
        super().__init__(
            _(
                "The order was closed more than %(days)s days ago; its recipient is not shown any more. If the buyer"
                " asks for something, answer where they ask: in the case."
            )
            % {"days": days}
        )


class OverQuota(Refusal):
    """More than the quota holds. ``needed`` and ``left``: reveals out of the shop's tenth. ``next_at``: when the next
    becomes free, None where the shop has too few orders for one."""

    code = "over_quota"
    status = 429

    def __init__(self, needed: int, left: int, next_at: datetime | None, said: str = "") -> None:
        self.needed, self.left, self.next_at = needed, left, next_at
        text = _(
            "Each paid order that waits to be shipped can be shown once; beyond that, a tenth as many as there were"
            " paid orders in 30 days."
        ) + " " + ngettext(
            "You need %(n)s of these.", "You need %(n)s of these.", needed
        ) % {"n": needed} + " " + ngettext(
            "There is %(n)s left.", "There are %(n)s left.", left
        ) % {"n": left}  # fmt: skip
        if said:
            text += " " + _("The next one is free on %(when)s.") % {"when": said}
        super().__init__(text + " " + _("Until then write to the buyer in the case or in your shop system."))


class LeaseOver(Refusal):
    code = "lease_over"
    status = 410

    def __init__(self) -> None:
        super().__init__(_("The time for looking is over. Ask once more on the page of the order."))


class NothingToExport(Refusal):
    code = "nothing_to_export"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            _("No order of these days may be shown for this purpose. Choose other days, or another purpose.")
        )


class TooManyRows(Refusal):
    code = "too_many_rows"
    status = 422

    def __init__(self, most: int) -> None:
        super().__init__(
            _("A file with contacts holds at most %(most)s orders. Choose fewer days, and make several files.")
            % {"most": most}
        )


class SpanMalformed(Refusal):
    code = "span_malformed"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Give two days, the first not after the last, as 2026-11-01."))


class RightMissing(Refusal):
    """Not 403: the role may come here, this person has not been given the right."""

    code = "contact_right_missing"

    def __init__(self) -> None:
        super().__init__(
            _("Files with contacts are made by owners, and by whom an owner has given the right. Ask an owner for it.")
        )


class ExportStopped(Refusal):
    code = "export_stopped"

    def __init__(self) -> None:
        super().__init__(
            _(
                "This is far more than your shop takes at other times, so the file was not made, and the marketplace"
                " was told. Take fewer days; if you need all of them, write to the marketplace first."
            )
        )


class ConfirmFirst(Refusal):
    """More than usual: the person proves first that it is them."""

    code = "confirm_first"

    def __init__(self) -> None:
        super().__init__(_("This is far more than your shop looks at in a day. Sign in anew, then go on."))


class NoSuchRight(Refusal):
    code = "not_found"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("There is no such right, or it has ended already."))


class NoSuchMemberHere(Refusal):
    code = "no_such_member"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Choose somebody who acts for your shop."))


class RightMalformed(Refusal):
    code = "right_malformed"
    status = 422

    def __init__(self, days: int) -> None:
        super().__init__(_("Give a number of days from 1 to %(days)s.") % {"days": days})


class EmbargoRefused(Refusal):
    """What the kernel refuses about an embargo, in its words."""

    code = "embargo_refused"

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status
