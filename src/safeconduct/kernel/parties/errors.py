"""What can be refused when people are invited, promoted or shut out. Each says what to do instead."""

from __future__ import annotations


class PartiesError(Exception):
    """The base of this package's errors: `code` for machines, the message for people, `status` for HTTP, and the
    `field` it is about, where there is one."""

    code = "parties_error"
    status = 409
    field = ""


class AdministratorNeeded(PartiesError):
    code = "administrator_needed"
    status = 403

    def __init__(self) -> None:
        super().__init__("this needs the role administrator; an administrator can do it, or grant you the role")


class AddressTaken(PartiesError):
    code = "address_taken"

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} has an account already; change its role instead of inviting it again")


class InvitationGone(PartiesError):
    """One answer for unknown, used and expired links, so that nobody can find out which were ever good."""

    code = "invitation_gone"
    status = 404

    def __init__(self) -> None:
        super().__init__("this invitation was used already, has expired or never existed; ask for a new one")


class NotOneself(PartiesError):
    code = "not_oneself"

    def __init__(self) -> None:
        super().__init__("nobody changes their own role or access; ask another administrator")


class NoSuchPerson(PartiesError):
    code = "no_such_person"
    status = 404

    def __init__(self, person_id: str) -> None:
        super().__init__(f"there is no person {person_id}")


class OwnerNeeded(PartiesError):
    code = "owner_needed"
    status = 403

    def __init__(self) -> None:
        super().__init__("only an owner of this seller, or an administrator of the marketplace, manages its members")


class AlreadyMember(PartiesError):
    code = "already_member"

    def __init__(self) -> None:
        super().__init__("this person acts for the seller already; change the role instead")


class LastOwner(PartiesError):
    code = "last_owner"

    def __init__(self) -> None:
        super().__init__("a seller keeps at least one owner; make someone else owner first")


class InvitationForAnother(PartiesError):
    code = "invitation_for_another"
    status = 403

    def __init__(self) -> None:
        super().__init__("this invitation was sent to another address; sign in with that one, or ask for a new one")


class LookRefused(PartiesError):
    """A member of staff may not look as a seller; the message says why."""

    code = "look_refused"


class BreakGlassRefused(PartiesError):
    """A sealed code cannot be asked for, made or used like this; the message says why."""

    code = "break_glass_refused"


class DeviceRefused(PartiesError):
    """A browser of the staff that cannot be asked for, let in or ended like this; the message says why."""

    code = "device_refused"


class EndRefused(PartiesError):
    """The end of a membership cannot be what was asked for; the message says why."""

    code = "end_refused"
    field = "until"


class EndingWithoutReason(PartiesError):
    code = "reason_missing"
    status = 422
    field = "reason"

    def __init__(self) -> None:
        super().__init__("say in at least ten letters why these sessions end; the people it is about read it")


class OwnersFrozen(PartiesError):
    code = "owners_frozen"

    def __init__(self) -> None:
        super().__init__("two people claim this shop: until that is decided, nobody becomes or ceases to be its owner")


class OwnershipRefused(PartiesError):
    """Something about a claim to a shop that cannot be done like this; the message says what to do instead."""

    code = "ownership_refused"


class NoSuchMember(PartiesError):
    code = "no_such_member"
    status = 404

    def __init__(self, membership_id: str) -> None:
        super().__init__(f"there is no member or open invitation {membership_id}")


class NoSuchSeller(PartiesError):
    code = "no_such_seller"
    status = 404

    def __init__(self) -> None:
        super().__init__("this seller is not known yet; it is known with its first event")
