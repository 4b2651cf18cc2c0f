"""What can be refused about coverage: each says what is wrong and the way out."""

from __future__ import annotations

from datetime import date

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.ui.formats import calendar_day


class CoverageError(Refusal):
    """A refusal about coverage."""

    code = "coverage"


class TemplateNotFound(CoverageError):
    code = "template_not_found"
    status = 404

    def __init__(self, version_id: str) -> None:
        super().__init__(_("There is no coverage template %(id)s.") % {"id": version_id})


class NotADraft(CoverageError):
    code = "template_not_a_draft"

    def __init__(self, version_id: str) -> None:
        super().__init__(_("This version is no longer a draft. Write a new one from it."))


class NotTheAuthor(CoverageError):
    code = "not_the_author"
    status = 403

    def __init__(self) -> None:
        super().__init__(_("Only who wrote a draft changes it. Start a draft of your own from it."))


class NameDiffers(CoverageError):
    code = "template_name_differs"
    status = 422

    def __init__(self, name: str, given: str) -> None:
        words = _("This draft belongs to the template %(name)s, the text says %(given)s. Correct its first line.")
        super().__init__(words % {"name": name, "given": given})


class SavedMeanwhile(CoverageError):
    code = "template_saved_meanwhile"

    def __init__(self) -> None:
        super().__init__(_("This draft was saved in another window. Open it again, and repeat your change there."))


class ChangedSinceRead(CoverageError):
    code = "template_changed_since_read"

    def __init__(self) -> None:
        super().__init__(_("The author changed this draft after you had opened it. Read it again, then approve it."))


class OtherApproverNeeded(CoverageError):
    code = "other_approver_needed"
    status = 403

    def __init__(self) -> None:
        super().__init__(_("Who wrote a version cannot approve it. Ask a colleague."))


class WhyMissing(CoverageError):
    code = "why_missing"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Say why, in a few words: sellers and auditors read it later."))


class TooEarly(CoverageError):
    code = "template_too_early"

    def __init__(self, valid_from: date, today: date) -> None:
        words = _("It would count from %(day)s. Choose a day after today: orders keep what was promised on their day.")
        super().__init__(words % {"day": calendar_day(valid_from, get_language() or "en")})


class DayTaken(CoverageError):
    code = "template_day_taken"

    def __init__(self, valid_from: date) -> None:
        words = _("Another version already counts from %(day)s. Choose another day.")
        super().__init__(words % {"day": calendar_day(valid_from, get_language() or "en")})
