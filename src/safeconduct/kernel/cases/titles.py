"""What the lines of a history are called: the steps by their workflow, the others here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from safeconduct.kernel.cases.workflow import Sentence, Workflow

_OTHERS: Final[Mapping[str, Sentence]] = {
    "open": {"en": "Opened", "zh": "立案", "es": "Apertura"},
    "deadline_extended": {"en": "More time given", "zh": "期限已延长", "es": "Plazo ampliado"},
    "platform_missed": {
        "en": "The platform missed its deadline", "zh": "平台逾期", "es": "La plataforma incumplió su plazo",
    },
    "decision_proposed": {
        "en": "A decision is proposed; a second person looks at it", "zh": "已提出裁决意见，待第二人确认",
        "es": "Se propone una decisión; la mira una segunda persona",
    },
    "decision_returned": {
        "en": "The second person asks for another look", "zh": "第二人要求重新考虑",
        "es": "La segunda persona pide mirarlo de nuevo",
    },
}  # fmt: skip


def title_of(workflow: Workflow, from_state: str, name: str) -> Sentence:
    """The title of a line: of a step out of a state, or of what is written beside the steps."""
    if name in _OTHERS:
        return _OTHERS[name]
    move = workflow.step(from_state, name) if from_state in workflow.states else None
    return move.title if move is not None else {"en": name}
