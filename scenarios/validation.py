"""Steps that state what must hold once clients have recovered. Each names by when."""

from pytest_bdd import then

from harness.bdd.parameters import step
from harness.drill.builder import DrillBuilder
from harness.drill.checks import BusinessCall, HealthyInARow, SchemaVersion, VersionServed
from harness.errors import InputError
from harness.units import Duration, counted


@then(step("every critical service is healthy {times:d} times in a row within {limit:Duration}"))
def _healthy(drill: DrillBuilder, times: int, limit: Duration) -> None:
    if times < 1:
        raise InputError(f"a service is always healthy {times} times in a row; expected 1 or more")
    drill.must_hold(
        f"every critical service is healthy {counted(times, 'time')} in a row",
        HealthyInARow(drill.services(critical=True), times),
        "at least",
        times,
        unit="times",
        within=limit,
    )


@then(step("{service:Service} answers as {version:Version} within {limit:Duration}"))
def _version(drill: DrillBuilder, service: str, version: str, limit: Duration) -> None:
    drill.must_hold(f"{service} answers as {version}", VersionServed(service), "equals", version, unit="", within=limit)


@then(step("every service gives good answers to its business request within {limit:Duration}"))
def _business(drill: DrillBuilder, limit: Duration) -> None:
    services = drill.services()
    drill.must_hold(
        "every service gives good answers to its business request",
        BusinessCall(services),
        "at least",
        len(services),
        unit="services",
        within=limit,
    )


@then(step("the schema is at version {version:Version} within {limit:Duration}"))
def _schema(drill: DrillBuilder, version: str, limit: Duration) -> None:
    database = drill.model.database
    if database is None or database.version_query is None:
        raise InputError("the schema's version cannot be asked for: drill.toml has no database.version_query")
    name = f"the schema is at version {version}"
    drill.must_hold(name, SchemaVersion(database.version_query), "equals", version, unit="", within=limit)
