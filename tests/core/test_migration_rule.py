"""Migrations block no requests, and the previous release runs on the new schema."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.db.models.functions import Length, Now

from core.db.migrations_online import AddCheck, Backfill, BuildIndex
from tests.core.jars import start
from tests.core.migration_rule import problems

# Migrations of the first release, before any table had rows.
FIRST_RELEASE = {
    "accounts": "0001_initial",
    "core": "0001_initial",
    "todos": "0002_search",
}
# Reviewed exceptions from the rule: app.name, and the reason.
REVIEWED: dict[str, str] = {}

INDEX = Index(fields=["label"], name="jar_by_label")
CHECK = CheckConstraint(condition=Q(size__gte=0), name="jar_has_size")


def test_no_migration_blocks_or_breaks_the_running_service():
    loader = MigrationLoader(None)
    found = {
        f"{app}.{name}": problems(migration, loader.project_state((app, name), False))
        for (app, name), migration in loader.disk_migrations.items()
        if app in FIRST_RELEASE and name > FIRST_RELEASE[app]
    }
    assert {
        name for name, listed in found.items() if listed
    } - REVIEWED.keys() == set(), found


def problems_of(*operations, atomic=True):
    migration: Any = Migration("0002_jars", "shelf")
    migration.operations, migration.atomic = list(operations), atomic
    return problems(migration, start())


def new(field, name="more"):
    return migrations.AddField("jar", name, field)


def changed(field, name="label"):
    return migrations.AlterField("jar", name, field)


def nothing(apps, schema_editor):
    """Stand for any function, which may change rows."""


MANY_TO_ONE: Any = {"to": "jar", "on_delete": models.CASCADE, "null": True}
REFUSED = {
    "index": (migrations.AddIndex("jar", INDEX), "blocks writes; use BuildIndex"),
    "django's": (AddIndexConcurrently("jar", INDEX), "blocks writes; use BuildIndex"),
    "check": (migrations.AddConstraint("jar", CHECK), "use AddCheck"),
    "python": (migrations.RunPython(nothing, nothing), "use Backfill"),
    "sql": (migrations.RunSQL("UPDATE shelf_jar SET size = 0", ""), "use Backfill"),
    "field removed": (migrations.RemoveField("jar", "size"), "previous release uses"),
    "table removed": (migrations.DeleteModel("Jar"), "previous release uses"),
    "rename": (migrations.RenameField("jar", "size", "volume"), "with db_column"),
    "rename model": (migrations.RenameModel("Jar", "Pot"), "with db_table"),
    "rename table": (migrations.AlterModelTable("Jar", "pots"), "with db_table"),
    "else": (migrations.AlterUniqueTogether("Jar", {("label", "size")}), "not known"),
    "not null": (new(models.TextField()), "give it a db_default"),
    "default": (new(models.TextField(default="")), "give it a db_default"),
    "unique": (new(models.TextField(null=True, unique=True)), "builds an index"),
    "slug": (new(models.SlugField(null=True)), "builds an index"),
    "indexed key": (new(models.ForeignKey(**MANY_TO_ONE)), "builds an index"),
    "positive": (new(models.PositiveIntegerField(null=True)), "for its check"),
    "computed": (new(models.DateTimeField(db_default=Now())), "for every row"),
    "generated": (
        new(
            models.GeneratedField(
                expression=Length("label"),
                output_field=models.IntegerField(),
                db_persist=True,
            )
        ),
        "computes every row",
    ),
    "key by default": (
        new(models.ForeignKey(**MANY_TO_ONE, db_index=False, db_default=1)),
        "looks up its default",
    ),
    "shorter": (changed(models.CharField(max_length=19)), "reads or rewrites"),
    "made unique": (
        changed(models.CharField(max_length=20, unique=True)),
        "reads or rewrites",
    ),
    "made not null": (changed(models.IntegerField(), "size"), "reads or rewrites"),
    "another type": (
        changed(models.BigIntegerField(null=True), "size"),
        "reads or rewrites",
    ),
    "atomic": (BuildIndex("jar", INDEX), "set atomic = False"),
    "hidden": (
        migrations.SeparateDatabaseAndState([migrations.AddIndex("jar", INDEX)]),
        "blocks writes; use BuildIndex",
    ),
}


@pytest.mark.parametrize(("operation", "words"), REFUSED.values(), ids=REFUSED)
def test_a_blocking_operation_is_refused_with_the_alternative(operation, words):
    [problem] = problems_of(operation)
    assert words in problem


ALLOWED = {
    "null": new(models.TextField(null=True)),
    "database's default": new(models.TextField(db_default="")),
    "a value": new(models.BooleanField(db_default=models.Value(False))),
    "key": new(models.ForeignKey(**MANY_TO_ONE, db_index=False)),
    "many to many": new(models.ManyToManyField("jar")),
    "verbose name": changed(models.CharField("name", max_length=20, blank=True)),
    "may be null": changed(models.CharField(max_length=20, null=True)),
    "gets a default": changed(models.CharField(max_length=20, db_default="")),
    "comment": changed(models.CharField(max_length=20, db_comment="What it says")),
    "free": migrations.RemoveConstraint("jar", "jar_has_size"),
    "options": migrations.AlterModelOptions("jar", {"verbose_name": "pot"}),
    "state only": migrations.SeparateDatabaseAndState(
        state_operations=[migrations.RemoveField("jar", "size")]
    ),
}


@pytest.mark.parametrize("operation", ALLOWED.values(), ids=ALLOWED)
def test_a_quick_operation_is_allowed(operation):
    known = migrations.SeparateDatabaseAndState(
        state_operations=[migrations.AddConstraint("jar", CHECK)]
    )
    assert problems_of(known, operation) == []


def test_a_new_table_may_have_any_index_and_constraint():
    assert not problems_of(
        migrations.CreateModel(
            "Pot", [("id", models.BigAutoField(primary_key=True))], {}
        ),
        migrations.AddField("pot", "jar", models.ForeignKey("jar", models.CASCADE)),
        migrations.AddIndex("pot", Index(fields=["jar"], name="pot_by_jar")),
        migrations.AddConstraint(
            "pot", UniqueConstraint(fields=["jar"], name="pot_once")
        ),
    )


def test_a_slow_operation_has_a_separate_migration():
    steps = [
        BuildIndex("jar", INDEX),
        Backfill("jar", where=Q(size=None), values={"size": 0}),
        AddCheck("jar", CHECK),
    ]
    assert problems_of(*steps, atomic=False) == []
    [problem] = problems_of(*steps, new(models.TextField(null=True)), atomic=False)
    assert "it cannot be repeated after an interruption" in problem


def test_a_migration_locks_few_tables():
    tables = [
        migrations.CreateModel(name, [("id", models.BigAutoField(primary_key=True))])
        for name in ("Pot", "Cup", "Box")
    ]
    before = start()
    for table in tables:
        table.state_forwards("shelf", before)
    migration: Any = Migration("0003_more", "shelf")
    migration.operations = [
        migrations.AddField(name, "more", models.TextField(null=True))
        for name in ("jar", "pot", "cup", "box")
    ]
    assert problems(migration, before) == [
        "It locks box, cup, jar, pot until its end: more than 3 tables."
    ]
    migration.operations.pop()
    assert problems(migration, before) == []
