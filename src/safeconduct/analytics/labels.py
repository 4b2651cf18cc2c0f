"""What events turned out to be, and when that became known: nothing is learned from a label before its moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from safeconduct.analytics.extra import load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class KnownLabel(NamedTuple):
    """From this moment on, the subject (an order's key) counts as fraud, or no longer does."""

    subject: int
    moment: int
    fraud: bool = True


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels by subject and moment; made by `labels_of`. The latest label known at a time is the one that counts."""

    _subjects: NDArray[np.int64]
    _moments: NDArray[np.int64]
    _fraud: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self._subjects)

    def fraud_known(self, subjects: NDArray[np.int64], as_of: int) -> NDArray[np.bool_]:
        """Which of the subjects were known as fraud just before a moment."""
        numpy = load("numpy")
        early = self._moments < as_of
        keys, fraud = self._subjects[early], self._fraud[early]
        if len(keys) == 0:
            return numpy.zeros(len(subjects), dtype=bool)  # type: ignore[no-any-return]
        last = numpy.searchsorted(keys, subjects, side="right") - 1
        held = (last >= 0) & (keys[last] == subjects)
        return held & fraud[last]  # type: ignore[no-any-return]


def labels_of(labels: Iterable[KnownLabel | tuple[int, int] | tuple[int, int, bool]]) -> Labels:
    """Labels from (subject, moment it became known[, is it fraud]), in any order."""
    numpy = load("numpy")
    given = sorted(KnownLabel(*label) for label in labels)
    return Labels(
        numpy.array([g.subject for g in given], dtype=numpy.int64),
        numpy.array([g.moment for g in given], dtype=numpy.int64),
        numpy.array([g.fraud for g in given], dtype=bool),
    )
