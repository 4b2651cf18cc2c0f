"""What can be refused when people work on policies and decisions. Each says what to do instead."""

from __future__ import annotations


class DecisionsError(Exception):
    """The base of this package's errors: `code` for machines, the message for people, `status` for HTTP, and the
    `field` it is about, where there is one."""

    code = "decisions_error"
    status = 409
    field = ""


class PolicyHasErrors(DecisionsError):
    """The text does not read; the diagnostics say where."""

    code = "policy_has_errors"
    status = 422

    def __init__(self, rendered: str) -> None:
        super().__init__(rendered)


class PolicyNameDiffers(DecisionsError):
    code = "policy_name_differs"

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"the text names the policy {found!r}, but this is {expected!r}; names never change")


class WrongState(DecisionsError):
    code = "wrong_state"

    def __init__(self, what: str, state: str, wanted: str) -> None:
        super().__init__(f"{what} is {state}; this can be done only while it is {wanted}")


class ChangedMeanwhile(DecisionsError):
    code = "changed_meanwhile"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was changed by someone else in the meantime; load it again and repeat your change")


class SecondPersonNeeded(DecisionsError):
    code = "second_person_needed"
    status = 403

    def __init__(self) -> None:
        super().__init__("whoever wrote a version cannot approve it; ask a second person with the role lead")


class RoleNeeded(DecisionsError):
    code = "role_needed"
    status = 403

    def __init__(self, role: str) -> None:
        super().__init__(f"this needs the role {role}; an administrator can grant it")


class NothingToRollBackTo(DecisionsError):
    code = "nothing_to_roll_back_to"

    def __init__(self, policy: str) -> None:
        super().__init__(f"{policy} has had no other live version; publish one first")


class ShareRefused(DecisionsError):
    code = "share_refused"
    status = 422

    def __init__(self) -> None:
        super().__init__("a version decides a share of 1 to 100 per cent; give a whole number, or leave it out for all")


class NothingToChallenge(DecisionsError):
    code = "nothing_to_challenge"

    def __init__(self, policy: str) -> None:
        super().__init__(f"{policy} has no live version that would decide the other orders; publish for all of them")


class ReasonMissing(DecisionsError):
    code = "reason_missing"
    status = 422
    field = "reason"

    def __init__(self) -> None:
        super().__init__("say why, in a sentence: it becomes the statement of reasons")


class NotFound(DecisionsError):
    code = "not_found"
    status = 404

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"there is no {what} {name}")


class OtherPersonNeeded(DecisionsError):
    """A second look is no second look where the same person looks."""

    code = "other_person_needed"
    status = 403

    def __init__(self) -> None:
        super().__init__("the seller asked for a second look at your own decision; somebody else has to take it")


class AskedAlready(DecisionsError):
    code = "asked_already"

    def __init__(self) -> None:
        super().__init__("a second look at this decision was asked for already; its outcome will be shown here")


class TooLateToAsk(DecisionsError):
    code = "too_late_to_ask"

    def __init__(self, days: int) -> None:
        super().__init__(f"a second look can be asked for within {days} days of the decision")
