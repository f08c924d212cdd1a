"""Names that a scenario says: they are looked up as soon as it says them, so that a slip costs no run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final, Literal

from harness.errors import InputError, NotFound
from harness.faults.data import MigrationHalfDone, PageDamaged, RowsAltered, RowsDeleted, SchemaMigrated, TableDropped
from harness.faults.data_hindrance import IdleTransaction
from harness.faults.external_api import GIVEN, ExternalApiDown, NoExternalApi
from harness.faults.hindrance import Later, Obstacle
from harness.faults.model import Fault
from harness.faults.of_notices import OfNotices
from harness.system.model import DatabaseTable, Service, SystemModel
from harness.system.releases import is_folder, schemas, versions

_PLAIN: Final = re.compile(r"\w[\w.+-]*")  # a version is a name, never a way to another folder
_LIKE: Final = 0.6  # two names that share less are not the same one misspelt
_PUBLIC: Final = "public."  # the schema in which a table lies that is named without one


class Unknown(NotFound):
    """A name that a scenario says, and that is not there; made by `of`."""

    kind: Literal["service", "version", "name"] = "name"
    name = ""
    what = ""
    there: Sequence[str] = ()
    known = ""

    @classmethod
    def of(
        cls,
        kind: Literal["service", "version", "name"],
        name: str,
        what: str,
        there: Sequence[str],
        *,
        have: str = "there are",
    ) -> Unknown:
        """The error about a name of a kind: what is wrong, and the names there are, after the words for 'there are'."""
        known = f"{have} {', '.join(there) or 'none'}"
        error = cls(f"{what}; {known}")
        error.kind, error.name, error.what, error.there, error.known = kind, name, what, there, known
        return error

    @property
    def instead(self) -> str:
        """What could be written: the name that is most like this one, unless several are, and all there are."""
        near = _most_like(self.name, self.there)
        return f"write '{near}'; {self.known}" if near else self.known


def known_service(model: SystemModel, name: str) -> Service:
    """The table of a service.

    Raises:
        Unknown: the system has no such service; says which it has.
    """
    table = model.services.get(name)
    if table is None:
        what = f"the system {model.name} has no service {name!r}"
        raise Unknown.of("service", name, what, tuple(model.services), have="it has")
    return table


def known_release(model: SystemModel, version: str) -> str:
    """A version, if there is a release of it.

    Raises:
        Unknown: there is none; says which there are.
    """
    if not _PLAIN.fullmatch(version) or not is_folder(model.release_path(version)):
        there = versions(model)
        nowhere = f"no folder is where 'path' of [releases] says, {model.releases.path!r}: there are"
        have = "there are" if there else nowhere
        raise Unknown.of("version", version, f"there is no release {version}", there, have=have)
    return version


def known_table(model: SystemModel, table: str) -> str:
    """A table, if the database has it; where drill.toml names none, whatever is said may be one.

    Raises:
        Unknown: it is not one of those that drill.toml names; says which these are.
        InputError: the system has no database.
    """
    known = known_database(model).tables or ()
    if known and table.removeprefix(_PUBLIC) not in {one.removeprefix(_PUBLIC) for one in known}:
        what = f"'tables' of [database] does not name {table!r}"
        raise Unknown.of("name", table, what, known, have="it names")
    return table


def known_schema(model: SystemModel, version: str) -> str:
    """A version of the schema, if a migration leads to it, or from it.

    Raises:
        Unknown: none does; says which versions there are.
        InputError: the system has no database, or no migrations.
    """
    if known_database(model).migrations is None:
        raise InputError("the schema cannot be migrated: drill.toml names no 'migrations' in [database]")
    known = schemas(model)
    if version not in known:
        raise Unknown.of("version", version, f"no migration leads the schema to {version}", known)
    return version


def known_receiver(model: SystemModel, name: str) -> str:
    """The name of a receiver of notices, if drill.toml has one of that name.

    Raises:
        Unknown: it has none; says which it has.
    """
    known = tuple(one.name for one in model.notify)
    if name not in known:
        raise Unknown.of("name", name, f"no [[notify]] is called {name!r}", known)
    return name


def known_database(model: SystemModel) -> DatabaseTable:
    """The table of the database.

    Raises:
        InputError: the system has none.
    """
    if model.database is None:
        raise InputError(f"the system {model.name} has no database; [database] of drill.toml describes it")
    return model.database


def refuse_unknown(model: SystemModel, thing: Fault | Obstacle, *, released: bool = False) -> None:
    """Looks up what a fault or a hindrance names: its service, its table or version of the schema, and its release.

    Raises:
        Unknown, InputError: the system has no such thing.
    """
    if (service := getattr(thing, "service", None)) is not None:
        known_service(model, service)
    if released and (version := getattr(thing, "version", None)):
        known_release(model, version)
    if isinstance(thing, TableDropped | RowsDeleted | RowsAltered | PageDamaged | IdleTransaction):
        known_table(model, thing.table)
    if isinstance(thing, OfNotices):
        known_receiver(model, thing.receiver)
    own = thing.hindrance if isinstance(thing, Later) else thing
    if isinstance(own, ExternalApiDown | NoExternalApi) and model.configuration.external_api is None:
        raise InputError(f"{own.title}: services of {model.name} are told of none; {GIVEN}")
    if isinstance(thing, SchemaMigrated | MigrationHalfDone):
        known_schema(model, thing.to)


def _most_like(name: str, there: Sequence[str]) -> str | None:
    """The name that somebody had in mind; None where none is like it, or several are as much."""
    ratios = {one: SequenceMatcher(None, name, one).ratio() for one in there}
    best = max(ratios.values(), default=0)
    found = [one for one, ratio in ratios.items() if ratio == best]
    return found[0] if best >= _LIKE and len(found) == 1 else None
