"""Steps about the configuration: its archives, what is broken of it, and what it goes back to."""

from pytest_bdd import given, then, when

from harness.bdd.parameters import step
from harness.drill.altered import with_external_api
from harness.drill.builder import DrillBuilder
from harness.faults.configuration import KeyRemoved, PasswordRotated, WrongPassword
from harness.faults.configuration_hindrance import SpoiledArchive
from harness.faults.external_api import ExternalApiDown, NoExternalApi
from harness.faults.hindrance import Later
from harness.faults.moment import Moment
from harness.rollback.configuration.actions import ConfigurationTag, ConfigurationVersion
from harness.rollback.plan import Procedure
from harness.units import Duration


@given(step("the configuration is archived as {version:Version}"))
def _archived(drill: DrillBuilder, version: str) -> None:
    drill.back_up(ConfigurationVersion(version))


@given(step("services are told of an external API"))
def _external_api(drill: DrillBuilder) -> None:
    drill.once("an external API")
    drill.model = with_external_api(drill.model)


@when(step("the external API is down"))
def _external_down(drill: DrillBuilder) -> None:
    _without(drill, ExternalApiDown())


@when(step("the external API answers only after {time:Duration}"))
def _external_slow(drill: DrillBuilder, time: Duration) -> None:
    _without(drill, ExternalApiDown(time))


@when(step("the external API goes down while services are restarted"))
def _external_later(drill: DrillBuilder) -> None:
    drill.hinder_by(Later(ExternalApiDown(), Moment.RESTART))


@when(step("{key:Key} is removed from {file:ConfigFile} of {service:Service}"))
def _removed(drill: DrillBuilder, key: str, file: str, service: str) -> None:
    drill.break_by(KeyRemoved(service, file, key))


@when(step("{service:Service} is given a wrong password for the database"))
def _wrong_password(drill: DrillBuilder, service: str) -> None:
    drill.break_by(WrongPassword(service))


@when(step("the leaked password of the database is rotated, and {service:Service} is not told"))
def _rotated(drill: DrillBuilder, service: str) -> None:
    drill.break_by(PasswordRotated(service))


@when(step("the archive of the configuration {version:Version} is {how:SpoiledArchive}"))
def _spoiled(drill: DrillBuilder, version: str, how: str) -> None:
    drill.hinder_by(SpoiledArchive(version, how))


@then(step("the configuration is rolled back to {version:Version} within {limit:Duration}"))
def _back(drill: DrillBuilder, version: str, limit: Duration) -> None:
    drill.restore_to(Procedure.CONFIGURATION, ConfigurationVersion(version), limit)


@then(step("the configuration is rolled back to the tag {tag:Version} within {limit:Duration}"))
def _back_to_tag(drill: DrillBuilder, tag: str, limit: Duration) -> None:
    drill.restore_to(Procedure.CONFIGURATION, ConfigurationTag(tag), limit)


def _without(drill: DrillBuilder, how: ExternalApiDown) -> None:
    """Beside another fault it hinders the rollback of that; alone it is the fault."""
    if drill.fault is None:
        drill.break_by(NoExternalApi(how))
    else:
        drill.hinder_by(how)
