"""The Django application of the interface: shell, components, drawings, languages."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Must stand before ``allauth`` in INSTALLED_APPS, so that its templates answer first."""

    name = "safeconduct.kernel.ui"
    label = "ui"
    verbose_name = "Interface"
