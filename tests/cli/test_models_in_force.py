"""Which trained model is served: one that was judged, and is at least as good as the one before."""

from __future__ import annotations

from safeconduct.cli.analysis import _put_in_force
from safeconduct.kernel.decisions.models import ModelVersion
from safeconduct.kernel.scope import staff_scope


def trained(number: int, reached: float | None) -> bool:
    with staff_scope():
        version = ModelVersion.objects.create(
            id=f"mod_{number}", name="order-fraud", number=number, artefact=b"", digest=str(number), inputs=[],
            report={"model": {"average_precision": reached}},
        )  # fmt: skip
        return _put_in_force(version.id, "order-fraud")


def live() -> list[int]:
    with staff_scope():
        return list(ModelVersion.objects.filter(state="live").values_list("number", flat=True))


def test_a_model_that_no_fraud_could_judge_is_not_served_and_a_worse_one_neither() -> None:
    assert not trained(1, None) and live() == []
    assert trained(2, 0.4) and live() == [2]
    assert not trained(3, None) and not trained(4, 0.3) and live() == [2]
    assert trained(5, 0.4) and live() == [5]
