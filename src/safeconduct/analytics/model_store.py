"""Trained models and labels in the database. Every function here runs inside a scope that its caller opens."""

from __future__ import annotations

from django.db.models import Max

from safeconduct.analytics.labels import KnownLabel
from safeconduct.analytics.training import TrainedModel
from safeconduct.foundation.ids import new_id
from safeconduct.kernel.decisions.models import Label, LabelKind, ModelVersion


def known_labels() -> list[KnownLabel]:
    """Every order's labels: fraud, or good again. Abuse is another matter, which no fraud model should learn."""
    rows = Label.objects.exclude(kind=LabelKind.ABUSE).values_list("order_key", "moment", "kind").order_by("moment")
    return [KnownLabel(order, moment, kind == LabelKind.FRAUD) for order, moment, kind in rows]


def store(model: TrainedModel) -> ModelVersion:
    """Keeps a model as the next version of its name, trained and not yet in force.

    Two at once try for one number, and the database refuses the second with IntegrityError.
    """
    last = ModelVersion.objects.filter(name=model.name).aggregate(last=Max("number"))["last"]
    return ModelVersion.objects.create(
        id=new_id("mod"), name=model.name, number=(last or 0) + 1, artefact=model.artefact, digest=model.digest,
        inputs=list(model.inputs), report=model.report,
    )  # fmt: skip
