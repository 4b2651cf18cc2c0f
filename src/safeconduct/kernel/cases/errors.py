"""What can be refused about cases. Each says what to do instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

#: Fields that people fill in, as a sentence names them; others are for programs, and stay as they are.
_FIELDS: Final[Mapping[str, str | Promise]] = {
    "words": lazy("words"), "why": lazy("why"), "gist": lazy("gist"), "case": lazy("case"), "offer": lazy("offer"),
    "facts": lazy("facts"), "considered": lazy("considered"), "outcome": lazy("outcome"), "says": lazy("says"),
    "amount_minor": lazy("amount_minor"), "currency": lazy("currency"), "remedy": lazy("remedy"),
    "evidence": lazy("evidence"), "deadline": lazy("deadline"), "visibility": lazy("visibility"),
    "value": lazy("which"), "ends_at": lazy("until"), "pause": lazy("pause"),
}  # fmt: skip


class CasesError(Exception):
    """The base of this package's errors: `code` for machines, the message for people, `status` for HTTP, and the
    `field` it is about, where there is one."""

    code = "cases_error"
    status = 409
    field = ""


class WorkflowRefused(CasesError):
    """A workflow or preset that breaks a rule: everything that is wrong with it, one line each."""

    code = "workflow_refused"
    status = 422

    def __init__(self, name: str, findings: Sequence[str]) -> None:
        super().__init__(f"{name}: " + "; ".join(findings))
        self.findings = tuple(findings)


class NoSuchCase(CasesError):
    code = "no_such_case"
    status = 404

    def __init__(self, case_id: str) -> None:
        super().__init__(_("there is no case %(id)s for you") % {"id": case_id})


class NoSuchKind(CasesError):
    code = "no_such_case_kind"
    status = 422
    field = "kind"

    def __init__(self, kind: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no kind of case {kind!r}; there are {', '.join(sorted(known)) or 'none'}")


class CaseMalformed(CasesError):
    """A case, outcome or step that lacks something; the message names it."""

    code = "case_malformed"
    status = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{_FIELDS.get(field, field)}: {problem}")
        self.field = field


class NotPossible(CasesError):
    """A step that this state does not have, or not for this role."""

    code = "step_not_possible"

    def __init__(self, case_id: str, state: str, step: str, possible: Sequence[str]) -> None:
        then = (
            _("possible are %(names)s") % {"names": ", ".join(possible)}
            if possible
            else _("nothing is for you to do here")
        )
        super().__init__(
            _("%(step)s cannot be done on case %(id)s in %(state)s; %(then)s")
            % {"step": step, "id": case_id, "state": state, "then": then}
        )


class ChangedMeanwhile(CasesError):
    code = "changed_meanwhile"

    def __init__(self, case_id: str) -> None:
        super().__init__(_("case %(id)s has changed since you looked; look again, then decide") % {"id": case_id})


class GuardRefused(CasesError):
    """A condition of the workflow that does not hold; the sentence comes from the guard."""

    code = "condition_not_met"

    def __init__(self, case_id: str, guard: str, problem: str) -> None:
        super().__init__(_("case %(id)s: %(problem)s") % {"id": case_id, "problem": problem})
        self.guard = guard


class SeatTaken(CasesError):
    """Mediator, arbiter and reviewer are three people, and none of them belongs to a party."""

    code = "other_person_needed"

    def __init__(self, problem: str) -> None:
        super().__init__(problem)


class SeatHeld(CasesError):
    """Somebody else has the seat whom the one who wants it had not seen there: ``who``, since ``since``."""

    code = "seat_held"

    def __init__(self, who: str, since: datetime) -> None:
        super().__init__(
            _("%(who)s took this seat on %(day)s at %(clock)s UTC. Look at the case again, and talk to them first.")
            % {"who": who, "day": f"{since.astimezone(UTC):%Y-%m-%d}", "clock": f"{since.astimezone(UTC):%H:%M}"}
        )
        self.who, self.since = who, since


class NotAssigned(CasesError):
    """A case that cannot be given to this person to look after, and why."""

    code = "not_assigned"


class NoSuchMacro(CasesError):
    code = "no_such_text"
    status = 404

    def __init__(self, macro_id: str) -> None:
        super().__init__(_("There is no text %(id)s that could be changed; load the page again.") % {"id": macro_id})


class NoMoreExtensions(CasesError):
    code = "no_more_extensions"

    def __init__(self, allowed: int) -> None:
        super().__init__(
            ngettext(
                "this deadline can be extended %(n)s time, and was",
                "this deadline can be extended %(n)s times, and was",
                allowed,
            )
            % {"n": allowed}
            if allowed
            else _("this deadline is not extended")
        )


class EvidenceRefused(CasesError):
    """A file that cannot be evidence, and why; the message says what can be."""

    code = "evidence_refused"
    status = 422
    field = "file"

    def __init__(self, problem: str) -> None:
        super().__init__(problem)


class NoSuchEvidence(CasesError):
    code = "no_such_evidence"
    status = 404

    def __init__(self, evidence_id: str) -> None:
        super().__init__(_("there is no evidence %(id)s for you") % {"id": evidence_id})


class ScannerSilent(CasesError):
    """The virus scanner is configured and does not answer: nothing is taken in unscanned."""

    code = "scanner_silent"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("the file cannot be checked for viruses at the moment; send it again in a few minutes"))


class NoSuchProposal(CasesError):
    code = "no_such_proposal"
    status = 404

    def __init__(self, proposal_id: str) -> None:
        super().__init__(_("there is no proposed decision %(id)s for you") % {"id": proposal_id})


class ProposalAnswered(CasesError):
    """A proposed decision that does not wait any more."""

    code = "proposal_answered"

    def __init__(self, state: str) -> None:
        super().__init__(
            _("this proposed decision does not wait any more: it was %(state)s; look at the case again")
            % {"state": state}
        )


class NoSuchReview(CasesError):
    code = "no_such_blind_review"
    status = 404

    def __init__(self, review_id: str) -> None:
        super().__init__(_("there is no blind review %(id)s for you") % {"id": review_id})


class ReviewGiven(CasesError):
    """A blind review that somebody has answered: the first answer stands."""

    code = "blind_review_given"

    def __init__(self) -> None:
        super().__init__(_("this blind review has its answer already; take another one"))


class NoSuchBody(CasesError):
    code = "no_such_outside_body"
    status = 404
    field = "body"

    def __init__(self, body_id: str) -> None:
        super().__init__(_("There is no outside body %(id)s that is named now; load the page again.") % {"id": body_id})


class ReferralRefused(CasesError):
    """A case that cannot be taken to an outside body, or not this one, and why."""

    code = "referral_refused"
    field = "body"


class NoSuchReferral(CasesError):
    code = "no_such_referral"
    status = 404

    def __init__(self, referral_id: str) -> None:
        super().__init__(_("There is no referral %(id)s for you.") % {"id": referral_id})


class ReferralOver(CasesError):
    """Something about a referral that has gone on: answered, ended, or followed already."""

    code = "referral_over"
