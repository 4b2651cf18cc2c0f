"""What the ledger refuses. Each error names the field and what to do instead; of a refused batch nothing is kept."""

from __future__ import annotations


class LedgerError(Exception):
    """The base of this package's errors: `code` for machines, the message for people, `status` for HTTP, and the
    `field` it is about; `key` is the caller's key of the entry or hold that was refused."""

    code = "ledger_error"
    status = 422

    def __init__(self, key: str, field: str, problem: str) -> None:
        super().__init__(f"{key}: {field}: {problem}")
        self.key = key
        self.field = field
        self.problem = problem


class EntryRefused(LedgerError):
    """An amount, currency, account or date that cannot be posted as it was given."""

    code = "entry_refused"


class NotEnough(LedgerError):
    """The accounts an entry may draw from do not hold the amount. `there_minor` is what they hold."""

    code = "not_enough_money"
    status = 409

    def __init__(self, key: str, accounts: str, wanted_minor: int, there_minor: int, currency: str) -> None:
        super().__init__(
            key,
            "amounts",
            f"{wanted_minor} {currency} (minor units) are wanted from {accounts}, where {there_minor} are; "
            "ask for less, or wait until there is more",
        )
        self.there_minor = there_minor


class KeyReused(LedgerError):
    """A key that stands for other content already. A retry must repeat the content; something new needs its own key."""

    code = "key_reused"
    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(key, "key", "stands for something else already; repeat that exactly, or choose another key")


class NoSuchThing(LedgerError):
    """A hold, payout or transaction that is not there."""

    code = "not_in_ledger"
    status = 404

    def __init__(self, key: str, what: str) -> None:
        super().__init__(key, "key", f"there is no {what} of this name")


class PostingsMalformed(Exception):
    """The data of postings or reasons is wrong: a mistake of the program, found when it is first read."""
