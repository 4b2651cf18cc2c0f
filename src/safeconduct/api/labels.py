"""What orders turned out to be, as the marketplace knows it."""

from __future__ import annotations

from django.http import HttpResponse

from safeconduct.api.decision_documents import LabelsAnswer, LabelsSent
from safeconduct.kernel.decisions import labels
from safeconduct.kernel.events.ordering import current_moment
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.vault.pseudonyms import lookup_many

operations = Operations("labels")
ORIGIN = "api"


@operation(
    operations, "POST", "/labels", scope=Scope.LABELS_WRITE, answer=LabelsAnswer,
    example={
        "results": [
            {"index": 0, "status": "accepted", "problem": None},
            {"index": 1, "status": "refused", "problem": "no event has named this order; send the order first"},
        ],
        "new": 1, "refused": 1,
    },
    sends={"labels": [{"order": "ord-90112", "label": "fraud"}, {"order": "ord-1", "label": "good"}]},
)  # fmt: skip
def send_labels(request: Call, sent: LabelsSent) -> HttpResponse:
    """Say what orders turned out to be.

    The latest word about an order holds, also one that was said before and taken back in between; to repeat it changes
    nothing. Of several about one order the last counts. Orders that no event has named are refused one by one.
    """
    keys = lookup_many({("order", label.order) for label in sent.labels})
    known = {keys["order", label.order]: label.label for label in sent.labels if ("order", label.order) in keys}
    new = 0
    if known:
        at = current_moment()
        new = labels.add([(key, kind, ORIGIN, at) for key, kind in known.items()])
    results = [
        {"index": index, "status": "accepted", "problem": None}
        if ("order", label.order) in keys
        else {"index": index, "status": "refused", "problem": "no event has named this order; send the order first"}
        for index, label in enumerate(sent.labels)
    ]
    refused = sum(one["status"] == "refused" for one in results)
    return answers.respond({"results": results, "new": new, "refused": refused})
