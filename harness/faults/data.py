"""Faults of the database: what is gone, and a schema that services cannot read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline
from harness.errors import InputError, NotFound
from harness.faults.effect import any_bad_answers
from harness.faults.model import Scene
from harness.faults.reach import Serving
from harness.journal.undo import FindDatabase, MigrateBack, PutBack, Undo
from harness.system.data_ports import Recovery, Schema, Tables
from harness.units import Duration

_LOOK: Final = Duration.of(s=5)  # one query


def tables_of(scene: Scene, what: str) -> Tables:
    """The port Tables.

    Raises:
        InputError: the sandbox has none.
    """
    if scene.system.tables is None:
        raise InputError(f"{what}: drills may not change the data of this sandbox's database, or it has none")
    return scene.system.tables


def recovery_of(scene: Scene, what: str) -> Recovery:
    """The port Recovery.

    Raises:
        InputError: the sandbox has none.
    """
    if scene.system.recovery is None:
        raise InputError(f"{what}: only a sandbox that takes backups of its database can do that; use embedded")
    return scene.system.recovery


@dataclass(frozen=True, slots=True)
class TableDropped:
    """A table is gone for everybody who knows it by its name."""

    table: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"the table {self.table} is dropped"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that reads it"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The table is there again."""
        tables_of(scene, self.title)
        return (PutBack(table=self.table),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - it is named
        """Drops it."""
        tables_of(scene, self.title).drop(self.table, deadline)

    def hits(self, serving: Serving) -> None:
        """Aims at no replica."""

    def seen(self, scene: Scene) -> str:
        """Bad answers of any service."""
        return any_bad_answers(scene)


@dataclass(frozen=True, slots=True)
class RowsDeleted:
    """All rows of a table are gone, and those that refer to them."""

    table: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"all rows of {self.table} are deleted"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that reads them"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The rows are there again."""
        tables_of(scene, self.title)
        return (PutBack(table=self.table),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - it is named
        """Deletes them."""
        if not tables_of(scene, self.title).empty(self.table, deadline):
            raise InputError(f"{self.table} has no rows, so there is nothing to delete")

    def hits(self, serving: Serving) -> None:
        """Aims at no replica."""

    def seen(self, scene: Scene) -> str:
        """Bad answers of any service."""
        return any_bad_answers(scene)


@dataclass(frozen=True, slots=True)
class DatabaseLost:
    """The database's server is killed and its disk is gone; what was kept of its log elsewhere is all there is."""

    @property
    def title(self) -> str:
        """What is broken."""
        return "the database is lost with its disk"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that needs it"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """It is found again, where nothing has taken its place."""
        recovery_of(scene, self.title)
        return (FindDatabase(),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - there is one
        """Kills it, and takes its files away."""
        recovery_of(scene, self.title).lose(deadline)

    def hits(self, serving: Serving) -> None:
        """Aims at no replica."""

    def seen(self, scene: Scene) -> str:
        """Bad answers of any service."""
        return any_bad_answers(scene)


@dataclass(frozen=True, slots=True)
class SchemaMigrated:
    """The schema goes to a version that what runs cannot read: a migration that came too early."""

    to: str  # not `version`, which is a release's

    @property
    def title(self) -> str:
        """What is broken."""
        return f"the schema is migrated to {self.to}"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that cannot read it"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The schema is what it was."""
        schema = self._schema(scene)
        before = schema.version(Deadline.after(_LOOK))
        for start, end in ((before, self.to), (self.to, before)):
            if schema.script(start, end) is None:
                raise NotFound(
                    f"there is no script that takes the schema from {start} to {end}; the migrations name it"
                )
        return (MigrateBack(before=before, after=self.to),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Runs the script."""
        [one] = [one for one in undo if isinstance(one, MigrateBack)]
        self._schema(scene).migrate(one.before, self.to, deadline)

    def hits(self, serving: Serving) -> None:
        """Aims at no replica."""

    def seen(self, scene: Scene) -> str:
        """Bad answers of any service."""
        return any_bad_answers(scene)

    def _schema(self, scene: Scene) -> Schema:
        if scene.system.schema is None:
            raise InputError(f"{self.title}: drill.toml names no migrations in [database], or they may not be run here")
        return scene.system.schema
