"""An operation of migrations: several models made at once."""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState


class CreateModels(Operation):
    """Models of one application, each as Django's `CreateModel` makes it, in their order.

    For each new model Django makes every model anew that has to do with it, so that of those to which many refer, such
    as the person, there were hundreds. Here it does so once for all, which halves the time of migrating a new database.
    """

    category = OperationCategory.ADDITION

    def __init__(self, *models: CreateModel) -> None:
        self.models = models

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        # Django's own sign of whether models were made already is whether the property was read.
        made = state.__dict__.pop("apps", None)
        for model in self.models:
            model.state_forwards(app_label, state)
        if made is not None:
            state.__dict__["apps"] = made
            state.reload_models([(app_label, model.name_lower) for model in self.models])

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for model in self.models:
            model.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for model in reversed(self.models):
            model.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "Create models " + ", ".join(model.name for model in self.models)
