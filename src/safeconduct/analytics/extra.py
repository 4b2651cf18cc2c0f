"""The extra `model`: numpy, scikit-learn and LightGBM, loaded only by what trains or draws on a trained model."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

_PACKAGES = {"numpy": "numpy", "sklearn": "scikit-learn", "lightgbm": "lightgbm"}


class ModelExtraMissing(RuntimeError):
    """Training was asked for where the extra `model` is not installed; the message says how to install it."""


def require_model_extra() -> None:
    """Raises ModelExtraMissing unless numpy, scikit-learn and LightGBM can be imported."""
    for module in _PACKAGES:
        load(module)


def load(module: str) -> ModuleType:
    """A module of the extra, imported now. Raises ModelExtraMissing."""
    try:
        return import_module(module)
    except ImportError as error:
        package = _PACKAGES.get(module.partition(".")[0], module)
        raise ModelExtraMissing(
            f"training a model needs the package {package}, which is not installed here; "
            "install the extra with: pip install 'safeconduct[model]' "
            "(policies decide without it; their scores stay unknown)"
        ) from error
