"""What can be refused about coverage: each says what is wrong and the way out."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _


class CoverageError(Exception):
    """A refusal; its text is for the person who asked. ``code`` is stable."""

    code = "coverage"


class TemplateNotFound(CoverageError):
    code = "template_not_found"

    def __init__(self, version_id: str) -> None:
        super().__init__(_("There is no coverage template %(id)s.") % {"id": version_id})


class NotADraft(CoverageError):
    code = "template_not_a_draft"

    def __init__(self, version_id: str) -> None:
        super().__init__(_("This version is no longer a draft. Write a new one from it."))


class OtherApproverNeeded(CoverageError):
    code = "other_approver_needed"

    def __init__(self) -> None:
        super().__init__(_("Who wrote a version cannot approve it. Ask a colleague."))


class WhyMissing(CoverageError):
    code = "why_missing"

    def __init__(self) -> None:
        super().__init__(_("Say why, in a few words: sellers and auditors read it later."))


class TooEarly(CoverageError):
    code = "template_too_early"

    def __init__(self, valid_from: date, today: date) -> None:
        words = _("It would count from %(day)s. Choose a day after today: orders keep what was promised on their day.")
        super().__init__(words % {"day": valid_from.isoformat()})


class DayTaken(CoverageError):
    code = "template_day_taken"

    def __init__(self, valid_from: date) -> None:
        words = _("Another version already counts from %(day)s. Choose another day.")
        super().__init__(words % {"day": valid_from.isoformat()})


class OrderNotFound(CoverageError):
    code = "order_not_found"

    def __init__(self) -> None:
        super().__init__(_("There is no such order. Check its number."))
