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
    "referred_outside": {
        "en": "The seller turned to an outside body", "zh": "卖家已提请外部机构",
        "es": "El vendedor acudió a un organismo externo",
    },
    "engaged_outside": {
        "en": "The marketplace takes part before the outside body", "zh": "平台已参与外部机构程序",
        "es": "El mercado participa ante el organismo externo",
    },
    "extended_outside": {
        "en": "The outside body takes more time", "zh": "外部机构延长期限",
        "es": "El organismo externo amplía su plazo",
    },
    "late_outside": {
        "en": "The outside body has not answered in time", "zh": "外部机构逾期未答复",
        "es": "El organismo externo no respondió a tiempo",
    },
    "answered_outside": {
        "en": "The outside body has answered", "zh": "外部机构已答复", "es": "El organismo externo respondió",
    },
    "not_followed_outside": {
        "en": "The marketplace does not follow the outside body", "zh": "平台不采纳外部机构的意见",
        "es": "El mercado no sigue al organismo externo",
    },
    "ended_outside": {
        "en": "The outside body will not answer", "zh": "外部机构程序终止", "es": "El organismo externo no responderá",
    },
}  # fmt: skip


def title_of(workflow: Workflow, from_state: str, name: str) -> Sentence:
    """The title of a line: of a step out of a state, or of what is written beside the steps."""
    if name in _OTHERS:
        return _OTHERS[name]
    move = workflow.step(from_state, name) if from_state in workflow.states else None
    return move.title if move is not None else {"en": name}
