"""Faults of the database: what is gone, and a schema that services cannot read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline
from harness.errors import DrillError, InputError, NotFound
from harness.faults.effect import any_bad_answers
from harness.faults.model import Scene, only
from harness.faults.reach import Serving
from harness.journal.undo import Undo
from harness.journal.undo_data import FindDatabase, FinishPart, FreeConnections, MendPage, MigrateBack, PutBack
from harness.system.data_ports import Recovery, Schema, Tables
from harness.units import Duration

_INVALID: Final = "invalid page in block 0 of relation"  # what the server says of a page whose checksum is wrong
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
        raise InputError(f"{what}: only a sandbox that takes backups of its database can do that; use embedded or kind")
    return scene.system.recovery


class FeltAnywhere:
    """Aims at no replica, and is felt by clients of any service."""

    __slots__ = ()

    def hits(self, serving: Serving) -> None:
        """Aims at no replica."""

    def seen(self, scene: Scene) -> str:
        """Bad answers of any service."""
        return any_bad_answers(scene)


@dataclass(frozen=True, slots=True)
class Spoiled(FeltAnywhere, ABC):
    """A table of which a copy is kept, so that it can be put back whatever became of it."""

    table: str

    @property
    @abstractmethod
    def title(self) -> str:
        """What is broken."""

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """It is as it was."""
        tables_of(scene, self.title)
        return (PutBack(table=self.table),)


@dataclass(frozen=True, slots=True)
class TableDropped(Spoiled):
    """A table is gone for everybody who knows it by its name."""

    @property
    def title(self) -> str:
        """What is broken."""
        return f"the table {self.table} is dropped"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that reads it"

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - it is named
        """Drops it."""
        tables_of(scene, self.title).drop(self.table, deadline)


@dataclass(frozen=True, slots=True)
class RowsDeleted(Spoiled):
    """All rows of a table are gone, and those that refer to them."""

    @property
    def title(self) -> str:
        """What is broken."""
        return f"all rows of {self.table} are deleted"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that reads them"

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - it is named
        """Deletes them."""
        if not tables_of(scene, self.title).empty(self.table, deadline):
            raise InputError(f"{self.table} has no rows, so there is nothing to delete")


@dataclass(frozen=True, slots=True)
class RowsAltered(Spoiled):
    """Every text of a table that is no key is wrong; all rows are there."""

    @property
    def title(self) -> str:
        """What is broken."""
        return f"wrong values are written into {self.table}"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that reads them"

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - it is named
        """Writes them."""
        tables_of(scene, self.title).alter(self.table, deadline)


@dataclass(frozen=True, slots=True)
class PageDamaged(FeltAnywhere):
    """The disk gives back another page of a table than was written; the server's checksum tells."""

    table: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"a page of {self.table} is damaged on the disk"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that reads it, because the server reports the page as invalid"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """Every byte is as it was."""
        recovery_of(scene, self.title)
        return (MendPage(table=self.table),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - it is named
        """Damages it."""
        recovery_of(scene, self.title).damage_page(self.table, deadline)

    def took_hold(self, scene: Scene) -> str:
        """Bad answers, and what the server says to a reader of the table."""
        proof = self.seen(scene)
        if not proof or scene.system.database is None:
            return ""
        place = ".".join(f'"{part}"' for part in self.table.split("."))
        try:
            scene.system.database.read(f"SELECT count(one::text) FROM {place} AS one", Deadline.after(_LOOK))  # noqa: S608
        except DrillError as error:
            return f"{proof}; {_INVALID}" if _INVALID in str(error) else ""
        return ""


@dataclass(frozen=True, slots=True)
class DatabaseLost(FeltAnywhere):
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


@dataclass(frozen=True, slots=True)
class SchemaMigrated(FeltAnywhere):
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
        return (MigrateBack(before=_version_with_scripts(scene, self.title, self.to), after=self.to),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Runs the script."""
        schema_of(scene, self.title).migrate(only(undo, MigrateBack).before, self.to, deadline)


@dataclass(frozen=True, slots=True)
class MigrationHalfDone(FeltAnywhere):
    """A migration dies before it says that it was done: the version is the old one, and the schema no longer is.

    As happens where nobody ran the script in one transaction.
    """

    to: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"the migration to {self.to} is half done"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that cannot read it"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The schema is what it was."""
        return (FinishPart(before=_version_with_scripts(scene, self.title, self.to), after=self.to),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Runs the script up to where it would change the version."""
        schema_of(scene, self.title).migrate_in_part(only(undo, FinishPart).before, self.to, deadline)


@dataclass(frozen=True, slots=True)
class ConnectionsUsedUp(FeltAnywhere):
    """Somebody has every connection that the database has for services, and does nothing with them: a leak."""

    @property
    def title(self) -> str:
        """What is broken."""
        return "the database's connections are used up"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that finds no connection"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """Services find connections again."""
        tables_of(scene, self.title)
        return (FreeConnections(),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - all of them
        """Takes them, also those that services have."""
        tables_of(scene, self.title).take_up(deadline)


def schema_of(scene: Scene, what: str) -> Schema:
    """The port Schema.

    Raises:
        InputError: the sandbox has none.
    """
    if scene.system.schema is None:
        raise InputError(f"{what}: drill.toml names no migrations in [database], or they may not be run here")
    return scene.system.schema


def _version_with_scripts(scene: Scene, what: str, to: str) -> str:
    """The version of the schema now, from which scripts lead to another one and back.

    Raises:
        NotFound: they do not.
    """
    schema = schema_of(scene, what)
    before = schema.version(Deadline.after(_LOOK))
    for start, end in ((before, to), (to, before)):
        if schema.script(start, end) is None:
            raise NotFound(f"there is no script that takes the schema from {start} to {end}; the migrations name it")
    return before
