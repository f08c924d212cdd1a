"""What a scenario demands: refused while it is read where it would hold by accident, and complete otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from harness.drill import demands
from harness.drill.builder import DrillBuilder
from harness.drill.checks.base import Demand
from harness.errors import ConfigurationError, DrillError, InputError, NotFound
from harness.faults.catalogue import Crash
from harness.journal.declaration import Answer, Criterion, Phase
from harness.system.check_model import AnyCheck
from harness.system.load import load_system
from harness.units import Duration
from tests.support.commands import ECHO, REPOSITORY
from tests.unit.test_drill_builder import HERE, TRACKTION, builder, built

S = Duration.of(s=1)
BARE = load_system(ECHO)
QUERY = {"name": "q", "sql": "SELECT 1"}


def own(**check: Any) -> Demand:
    """The demand of one check of the sample system's own."""
    [found] = TypeAdapter(tuple[AnyCheck, ...]).validate_python([check])
    return demands.own(TRACKTION.model_copy(update={"checks": (found,)}), found.name)


def answers(demand: Demand, *values: float | str | None) -> list[Answer]:
    """What the criterion of a demand says of some values."""
    criterion = Criterion(
        id="c",
        name="c",
        phase=Phase.VALIDATION,
        comparison=demand.comparison,
        bound=demand.bound,
        within=S,
        source=HERE,
    )
    return [criterion.evaluate(value) for value in values]


@pytest.mark.parametrize(
    ("demand", "error", "message"),
    [
        (lambda: demands.healthy(BARE, 0), InputError, "always healthy 0 times in a row; expected 1 or more"),
        (lambda: demands.rows(TRACKTION, "audio_files", 0), InputError, "every table holds at least 0 rows"),
        (
            lambda: demands.rows(TRACKTION, "audio_file", 1),
            NotFound,
            "does not name 'audio_file'; it names schema_migrations, audi",
        ),
        (lambda: demands.rows(BARE, "visits", 1), InputError, "the system echo has no database"),
        (lambda: demands.tables(BARE), InputError, "the system echo has no database"),
        (lambda: demands.no_orphans(BARE), InputError, "the system echo has no database"),
        (lambda: demands.database_answers(BARE), InputError, "the system echo has no database"),
        (lambda: demands.path(BARE), InputError, r"no business path; \[\[business_path\]\] is one request of it"),
        (lambda: demands.response(BARE, "echo", S * 0), InputError, "no answer takes at most 0 s"),
        (lambda: demands.response(BARE, "ecko", S), NotFound, "no service 'ecko'"),
        (lambda: demands.version(BARE, "ecko", "1.0.0"), NotFound, "no service 'ecko'"),
        (lambda: demands.version(BARE, "echo", "0.0.0"), NotFound, "there is no release 0.0.0"),
        (lambda: demands.versions(BARE, "0.0.0"), NotFound, "there is no release 0.0.0"),
        (lambda: demands.configuration(BARE, "echo", "0.0.0"), NotFound, "there is no release 0.0.0"),
        (lambda: demands.configuration(BARE, "ecko", "1.0.0"), NotFound, "no service 'ecko'"),
        (lambda: demands.schema_of_release(BARE, "1.0.0"), ConfigurationError, "which schema a release runs with"),
        (lambda: demands.own(BARE, "q"), NotFound, "drill.toml has no check 'q'; it has none"),
        (lambda: demands.own(TRACKTION, "q"), NotFound, "it has 'every tracklist is whole', 'the first set"),
    ],
)
def test_what_would_hold_by_accident_or_never_is_refused_while_it_is_read(
    demand: Callable[[], Demand], error: type[DrillError], message: str
) -> None:
    with pytest.raises(error, match=message):
        demand()


def test_tables_that_nobody_named_are_not_an_empty_list_of_tables() -> None:
    database = TRACKTION.database
    assert database is not None
    model = TRACKTION.model_copy(update={"database": database.model_copy(update={"tables": None})})
    with pytest.raises(InputError, match="does not say which tables the database has"):
        demands.tables(model)
    assert demands.rows(model, "whatever", 1).bound == 1


def test_a_configuration_without_files_cannot_be_compared(tmp_path: Path) -> None:
    (tmp_path / "releases/1.0.0").mkdir(parents=True)
    (tmp_path / "config/1.0.0").mkdir(parents=True)
    with pytest.raises(InputError, match="there is no file in it, so nothing could differ"):
        demands.configuration(BARE.at(tmp_path), "echo", "1.0.0")


def test_releases_without_configuration_have_none_that_could_be_compared() -> None:
    releases = BARE.releases.model_copy(update={"config": None})
    with pytest.raises(InputError, match="releases have no configuration that could be compared"):
        demands.configuration(BARE.model_copy(update={"releases": releases}).at(BARE.root), "echo", "1.0.0")


@pytest.mark.parametrize(
    ("demand", "held", "broken"),
    [
        (demands.healthy(TRACKTION, 3), 3, 2),
        (demands.version(TRACKTION, "file-watcher", "2.4.0"), "2.4.0", "2.4.0, 2.4.1"),
        (demands.versions(TRACKTION, "2.4.0"), "2.4.0", "2.4.1"),
        (demands.response(TRACKTION, "file-watcher", S * 0.25), 250, 250.1),
        (demands.business(TRACKTION), 4, 3),
        (demands.path(TRACKTION), 6, 5),
        (demands.database_answers(TRACKTION), 1, 0),
        (demands.tables(TRACKTION), 6, 5),
        (demands.rows(TRACKTION, "audio_files", 20), 20, 19),
        (demands.no_orphans(TRACKTION), 0, 1),
        (demands.schema(TRACKTION, "2.4.0"), "2.4.0", "2.6.0"),
        (demands.schema_of_release(TRACKTION, "2.5.3"), "2.4.0", "2.5.3"),
        (demands.configuration(TRACKTION, "file-watcher", "2.4.0"), 0, 1),
        (demands.nothing_left(), 0, 1),
        (own(**QUERY, equals=0.5), 0.5, 0.4),
        (own(**QUERY, at_least=2), 2, 1),
        (own(**QUERY, at_most=2), 2, 3),
        (own(**QUERY, equals="ok"), "ok", "OK"),
        (own(**QUERY, equals=True), "true", "false"),
        (own(name="h", service="file-watcher", path="/"), 1, 0),
        (own(name="h", service="file-watcher", path="/", value="/a", equals="x"), "x", "y"),
    ],
    ids=lambda demand: demand.name if isinstance(demand, Demand) else "",
)
def test_a_demand_is_held_broken_or_could_not_be_told(demand: Demand, held: float | str, broken: float | str) -> None:
    assert answers(demand, held, broken, None) == [Answer.HELD, Answer.BROKEN, Answer.UNKNOWN]
    assert demand.name


def own_checks(scenario: DrillBuilder) -> list[Criterion]:
    """The criteria of a drill that are checks of drill.toml."""
    found = [spec.criterion for spec in built(scenario).criteria if spec.criterion.phase is Phase.VALIDATION]
    return [one for one in found if one.name.startswith("the check ")]


def test_checks_that_belong_to_every_validation_come_with_every_drill() -> None:
    scenario = builder(TRACKTION)
    scenario.break_by(Crash("file-watcher"))
    [found] = own_checks(scenario)
    assert found.name == "the check 'every tracklist is whole' holds"
    assert found.within == demands.ALWAYS_WITHIN
    text = (TRACKTION.root / "drill.toml").read_text(encoding="utf-8")
    assert text.splitlines()[found.source.line - 1] == "[[checks]]"
    assert (found.source.file, found.source.text) == ("drill.toml", "[[checks]] every tracklist is whole")


def test_a_scenario_that_names_such_a_check_gives_it_its_own_time() -> None:
    scenario = builder(TRACKTION)
    scenario.break_by(Crash("file-watcher"))
    scenario.must_hold(demands.own(TRACKTION, "every tracklist is whole"), S * 2)
    [found] = own_checks(scenario)
    assert (found.within, found.source) == (S * 2, HERE)


def test_the_files_of_a_configuration_are_those_that_were_there_when_the_scenario_was_read(tmp_path: Path) -> None:
    (tmp_path / "releases/1.0.0").mkdir(parents=True)
    (tmp_path / "config/1.0.0").mkdir(parents=True)
    file = tmp_path / "config/1.0.0/echo.toml"
    file.write_bytes((REPOSITORY / "tests/systems/echo/config/1.0.0/echo.toml").read_bytes())
    before = demands.configuration(BARE.at(tmp_path), "echo", "1.0.0")
    file.write_text("# changed by a rollback that makes the release fit what runs\n")
    assert before == demands.configuration(BARE, "echo", "1.0.0")
