"""What a scenario can demand of a system after a rollback, each as a `Demand`: a sentence, a check, and a bound.

Invariant: what would hold by accident is refused while the scenario is read: no rows, no tables, no path, no files.
"""

from __future__ import annotations

from typing import Final

from harness.drill.checks.base import Demand, words
from harness.drill.checks.clients import BusinessCall, ResponseTime
from harness.drill.checks.configuration import FilesThatDiffer
from harness.drill.checks.database import DatabaseAnswers, OwnQuery, RowCount, SchemaVersion, TablesThere
from harness.drill.checks.files import FileThere
from harness.drill.checks.path import BusinessPath
from harness.drill.checks.references import Orphans
from harness.drill.checks.residue import LeftOfTheFault
from harness.drill.checks.services import HealthyInARow, OwnRequest, VersionServed, VersionsServed
from harness.drill.names import known_database, known_release, known_service, known_table
from harness.errors import InputError, NotFound
from harness.system.check_model import Comparison, HttpCheck, SqlCheck
from harness.system.model import SystemModel
from harness.system.releases import config_of, digests, schema_of
from harness.units import Duration, counted

ALWAYS_WITHIN: Final = Duration.of(s=5)  # a check that belongs to every validation: one query or request, and again


def healthy(model: SystemModel, times: int) -> Demand:
    """Every critical service is healthy so many times in a row."""
    if times < 1:
        raise InputError(f"a service is always healthy {times} times in a row; expected 1 or more")
    name = f"every critical service is healthy {counted(times, 'time')} in a row"
    return Demand(name, HealthyInARow(_critical(model), times), "at least", times, "times")


def version(model: SystemModel, service: str, release: str) -> Demand:
    """A service answers in a version."""
    known_service(model, service)
    known_release(model, release)
    return Demand(f"{service} answers as {release}", VersionServed(service), "equals", release)


def versions(model: SystemModel, release: str) -> Demand:
    """Every critical service answers in a version."""
    known_release(model, release)
    return Demand(f"every critical service answers as {release}", VersionsServed(_critical(model)), "equals", release)


def response(model: SystemModel, service: str, limit: Duration) -> Demand:
    """95 % of the answers of a service are there in time."""
    known_service(model, service)
    if limit <= Duration(0):
        raise InputError(f"no answer takes at most {limit}; expected a time above zero")
    name = f"95 % of the answers of {service} take at most {limit}"
    return Demand(name, ResponseTime(service), "at most", limit.ns / 1e6, "ms")


def business(model: SystemModel) -> Demand:
    """Every service gives good answers to its business request."""
    services = tuple(model.services)
    name = "every service gives good answers to its business request"
    return Demand(name, BusinessCall(services), "at least", len(services), "services")


def path(model: SystemModel) -> Demand:
    """The business path works."""
    calls = model.business_path
    if not calls:
        raise InputError("drill.toml describes no business path; [[business_path]] is one request of it")
    return Demand("the business path works", BusinessPath(calls), "at least", len(calls), "requests")


def database_answers(model: SystemModel) -> Demand:
    """The database answers."""
    known_database(model)
    return Demand("the database answers", DatabaseAnswers(), "at least", 1, "answers")


def tables(model: SystemModel) -> Demand:
    """The database has the tables that drill.toml names."""
    expected = known_database(model).tables
    if not expected:
        raise InputError("drill.toml does not say which tables the database has; 'tables' of [database] lists them")
    return Demand("the database has its tables", TablesThere(expected), "at least", len(expected), "tables")


def rows(model: SystemModel, table: str, least: int) -> Demand:
    """A table holds at least so many rows."""
    known_table(model, table)
    if least < 1:
        raise InputError(f"every table holds at least {least} rows; expected 1 or more")
    return Demand(f"{table} holds at least {counted(least, 'row')}", RowCount(table), "at least", least, "rows")


def no_orphans(model: SystemModel) -> Demand:
    """No foreign key has orphans."""
    known_database(model)
    return Demand("no foreign key has orphans", Orphans(), "at most", 0, "rows")


def schema(model: SystemModel, wanted: str) -> Demand:
    """The schema is at a version."""
    return Demand(f"the schema is at version {wanted}", SchemaVersion(_version_query(model)), "equals", wanted)


def schema_of_release(model: SystemModel, release: str) -> Demand:
    """The schema is the one that a release runs with."""
    known_release(model, release)
    wanted = schema_of(model, release)
    name = f"the schema is that of release {release}"
    return Demand(name, SchemaVersion(_version_query(model)), "equals", wanted)


def configuration(model: SystemModel, service: str, release: str) -> Demand:
    """What the replicas of a service were given is the configuration of a release."""
    known_service(model, service)
    known_release(model, release)
    folder = config_of(model, release)
    if folder is None:
        raise InputError("releases have no configuration that could be compared; 'config' of [releases] names it")
    files = tuple(digests(folder).items())
    if not files:
        raise InputError(f"{folder}: there is no file in it, so nothing could differ")
    name = f"the configuration of {service} is that of {release}"
    return Demand(name, FilesThatDiffer(service, files), "at most", 0, "files")


def nothing_left() -> Demand:
    """Nothing is left of the fault."""
    return Demand("nothing is left of the fault", LeftOfTheFault(), "at most", 0, "things")


def own(model: SystemModel, name: str) -> Demand:
    """A check of drill.toml holds."""
    found = next((one for one in model.checks if one.name == name), None)
    if found is None:
        there = ", ".join(repr(one.name) for one in model.checks)
        raise NotFound(f"drill.toml has no check {name!r}; it has {there or 'none'}")
    title = f"the check {name!r} holds"
    if isinstance(found, HttpCheck) and found.value is None:
        return Demand(title, OwnRequest(found), "at least", 1, "good answers")
    return _compared(title, OwnQuery(found) if isinstance(found, SqlCheck) else OwnRequest(found), found)


def not_met(model: SystemModel, trigger: str) -> Demand:
    """What holds for as long as the condition of a trigger of drill.toml is not true."""
    found = next((one for one in model.triggers if one.name == trigger), None)
    if found is None:
        there = ", ".join(repr(one.name) for one in model.triggers)
        raise NotFound(f"drill.toml has no trigger {trigger!r}; it has {there or 'none'}")
    if found.check is not None:
        return own(model, found.check)
    if found.file is not None:
        return Demand(f"{found.file} is not there", FileThere(model.root / found.file), "at most", 0, "files")
    return no_orphans(model)


def _compared(title: str, check: OwnQuery | OwnRequest, by: Comparison) -> Demand:
    [comparison] = by.named
    return Demand(title, check, comparison, words(by.bound) if isinstance(by.bound, bool) else by.bound)


def _critical(model: SystemModel) -> tuple[str, ...]:
    return tuple(name for name, table in model.services.items() if table.critical)


def _version_query(model: SystemModel) -> str:
    query = known_database(model).version_query
    if query is None:
        raise InputError("the schema's version cannot be asked for: drill.toml has no database.version_query")
    return query
