"""Steps that state what must hold once clients have recovered. Each names by when."""

from pytest_bdd import then

from harness.bdd.parameters import step
from harness.drill import demands
from harness.drill.builder import DrillBuilder
from harness.units import Duration


@then(step("every critical service is healthy {times:d} times in a row within {limit:Duration}"))
def _healthy(drill: DrillBuilder, times: int, limit: Duration) -> None:
    drill.must_hold(demands.healthy(drill.model, times), limit)


@then(step("{service:Service} answers as {version:Version} within {limit:Duration}"))
def _version(drill: DrillBuilder, service: str, version: str, limit: Duration) -> None:
    drill.must_hold(demands.version(drill.model, service, version), limit)


@then(step("every critical service answers as {version:Version} within {limit:Duration}"))
def _versions(drill: DrillBuilder, version: str, limit: Duration) -> None:
    drill.must_hold(demands.versions(drill.model, version), limit)


@then(step("95 % of the answers of {service:Service} take at most {most:Duration} within {limit:Duration}"))
def _response(drill: DrillBuilder, service: str, most: Duration, limit: Duration) -> None:
    drill.must_hold(demands.response(drill.model, service, most), limit)


@then(step("every service gives good answers to its business request within {limit:Duration}"))
def _business(drill: DrillBuilder, limit: Duration) -> None:
    drill.must_hold(demands.business(drill.model), limit)


@then(step("the business path works within {limit:Duration}"))
def _path(drill: DrillBuilder, limit: Duration) -> None:
    drill.must_hold(demands.path(drill.model), limit)


@then(step("the database answers within {limit:Duration}"))
def _database(drill: DrillBuilder, limit: Duration) -> None:
    drill.must_hold(demands.database_answers(drill.model), limit)


@then(step("the database has its tables within {limit:Duration}"))
def _tables(drill: DrillBuilder, limit: Duration) -> None:
    drill.must_hold(demands.tables(drill.model), limit)


@then(step("{table:Table} holds at least {least:d} row(s) within {limit:Duration}"))
def _rows(drill: DrillBuilder, table: str, least: int, limit: Duration) -> None:
    drill.must_hold(demands.rows(drill.model, table, least), limit)


@then(step("no foreign key has orphans within {limit:Duration}"))
def _orphans(drill: DrillBuilder, limit: Duration) -> None:
    drill.must_hold(demands.no_orphans(drill.model), limit)


@then(step("the schema is at version {version:Version} within {limit:Duration}"))
def _schema(drill: DrillBuilder, version: str, limit: Duration) -> None:
    drill.must_hold(demands.schema(drill.model, version), limit)


@then(step("the schema is that of release {version:Version} within {limit:Duration}"))
def _schema_of_release(drill: DrillBuilder, version: str, limit: Duration) -> None:
    drill.must_hold(demands.schema_of_release(drill.model, version), limit)


@then(step("the configuration of {service:Service} is that of {version:Version} within {limit:Duration}"))
def _configuration(drill: DrillBuilder, service: str, version: str, limit: Duration) -> None:
    drill.must_hold(demands.configuration(drill.model, service, version), limit)


@then(step("nothing is left of the fault within {limit:Duration}"))
def _residue(drill: DrillBuilder, limit: Duration) -> None:
    drill.must_hold(demands.nothing_left(), limit)


@then(step("the check {name:Quoted} holds within {limit:Duration}"))
def _own(drill: DrillBuilder, name: str, limit: Duration) -> None:
    drill.must_hold(demands.own(drill.model, name), limit)
