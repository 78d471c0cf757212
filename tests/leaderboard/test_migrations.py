"""Migrations run while the old code still serves: what would break or block it is refused.

See "Changing the database under a running site" in docs/operations.md.
"""

from collections.abc import Iterator

import pytest
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelTable,
    AlterUniqueTogether,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
    RunPython,
    RunSQL,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import ModelOperation
from django.db.models import NOT_PROVIDED, Index, IntegerField, ManyToManyField

# Made before the first release: no site in use has to bear them.
BEFORE_THE_RULES = frozenset(f"000{number}" for number in range(1, 10))
# In a migration's class: `expand_only = False` with the reason beside it, when the code that used what goes
# has been out of service since an earlier release.
MARK = "expand_only"
DESTROYS = (RemoveField, RenameField, DeleteModel, RenameModel, AlterModelTable)


def dangers(operation: Operation, made: frozenset[str]) -> Iterator[str]:
    """Why an operation must not run under a site in use; `made`: models of the same migration."""
    if isinstance(operation, DESTROYS):
        yield f"{operation.describe()}: the old code still reads it"
    model = getattr(operation, "model_name", getattr(operation, "name", "")).lower()
    if model in made:
        return
    if isinstance(operation, AddField) and not isinstance(operation.field, ManyToManyField):
        field = operation.field
        if not field.null and field.db_default is NOT_PROVIDED:
            yield f"{operation.describe()}: the old code inserts rows without it; null=True or db_default"
    if isinstance(operation, AlterField) and not operation.field.null:
        yield f"{operation.describe()}: it may refuse rows of the old code, and rewrite the table"
    if type(operation) is AddIndex:
        yield f"{operation.describe()}: it blocks writing; AddIndexConcurrently"
    if type(operation) in {AddConstraint, AlterUniqueTogether}:
        yield f"{operation.describe()}: it blocks writing and may refuse rows of the old code"
    if isinstance(operation, RunPython | RunSQL) and not operation.elidable:
        yield f"{operation.describe()}: it may hold locks; mark it elidable when it goes in small steps"


def test_new_migrations_only_add() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    found = []
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if app != "leaderboard" or name[:4] in BEFORE_THE_RULES or not getattr(migration, MARK, True):
            continue
        made = frozenset(
            operation.name.lower()
            for operation in migration.operations
            if isinstance(operation, ModelOperation) and type(operation).__name__ == "CreateModel"
        )
        found += [f"{name}: {danger}" for each in migration.operations for danger in dangers(each, made)]
    assert found == [], f"add in one release, remove in a later one that says `{MARK} = False` and why"


def test_there_is_one_last_migration() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    assert len(loader.graph.leaf_nodes("leaderboard")) == 1


@pytest.mark.parametrize(
    "operation",
    [
        RemoveField("case", "key"),
        RenameField("case", "key", "name"),
        DeleteModel("case"),
        RenameModel("case", "pair"),
        AddField("case", "weight", IntegerField()),
        AddField("case", "weight", IntegerField(default=1)),
        AlterField("case", "position", IntegerField()),
        AddIndex("case", Index(fields=["key"], name="by_key")),
        RunSQL("UPDATE leaderboard_case SET position = 0"),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_breaks_a_running_site_is_recognised(operation: Operation) -> None:
    assert list(dangers(operation, frozenset()))


@pytest.mark.parametrize(
    "operation",
    [
        AddField("case", "weight", IntegerField(null=True)),
        AddField("case", "weight", IntegerField(db_default=1)),
        AlterField("case", "position", IntegerField(null=True)),
    ],
    ids=lambda operation: str(operation.field),
)
def test_what_a_running_site_bears_is_let_pass(operation: Operation) -> None:
    assert not list(dangers(operation, frozenset()))
