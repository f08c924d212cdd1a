"""The pytest plugin: `.feature` files become test items, and a scenario's steps become a drill.

Steps only declare. A scenario's drill runs after its last step, so everything it promises is known and journalled
before anything is broken. `pytest features/` runs drills; `drill run` collects them with the same plugin first and
runs them itself, so that a mistake in the last scenario is found before the first one runs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.bdd.features import (
    BUILDER,
    COLLECTED,
    MISTAKES,
    READ,
    RUN_ID,
    FeatureFile,
    FeatureReader,
    out_of,
    shown,
    system_of,
)
from harness.errors import DrillError, InputError

if TYPE_CHECKING:
    from pytest_bdd.parser import Feature, Scenario, Step

    from harness.drill.builder import DrillBuilder
    from harness.journal.declaration import Source


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the system, the sandbox and the results are."""
    group = parser.getgroup("drill", "rollback drills")
    group.addoption("--drill-system", metavar="FILE", help="the drill.toml of the system")
    group.addoption("--drill-sandbox", default="embedded", metavar="NAME", help="where the system is brought up")
    group.addoption("--drill-out", default="reports/runs", metavar="DIR", help="where run folders are made")
    group.addoption("--drill-seed", type=int, default=0, metavar="N", help="seed of the values that clients write")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Takes feature files."""
    if file_path.suffix != ".feature":
        return None
    from harness.bdd.vocabulary import modules  # noqa: PLC0415 - only where features are collected

    for module in modules():
        if not parent.config.pluginmanager.has_plugin(module.__name__):
            parent.config.pluginmanager.register(module, module.__name__)
    kind = FeatureReader if READ in parent.config.stash else FeatureFile
    collector: pytest.Collector = kind.from_parent(parent, path=file_path)
    return collector


def pytest_collection_finish(session: pytest.Session) -> None:
    """Names the drills, once it is known which are selected."""
    items = [one for one in session.items if isinstance(one.parent, FeatureFile)]
    if items:
        from harness.bdd.scenario import name_all  # noqa: PLC0415 - the live half only where drills are

        name_all(items)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells each worker of pytest-xdist which run its drills belong to: one for all of them."""
    from harness.conduct import new_run_id  # noqa: PLC0415 - the live half only where drills may be

    node.workerinput["drill_run"] = node.config.stash.setdefault(RUN_ID, new_run_id())


@pytest.fixture
def drill(request: pytest.FixtureRequest) -> DrillBuilder:
    """What the steps of a scenario speak to."""
    builder: DrillBuilder = request.node.stash[BUILDER]
    return builder


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, feature: Feature, scenario: Scenario) -> None:
    """Checks every step of the scenario and opens its builder."""
    from harness.bdd.opened import open_builder  # noqa: PLC0415 - the live half only where drills are

    item = request.node
    if not isinstance(item.parent, FeatureFile):
        return
    path = system_of(request.config, item.path)
    file = shown(item.path, request.config)
    _check_steps(request, file, scenario)
    item.stash[BUILDER] = open_builder(
        name=scenario.name,
        description=feature.description,
        tags={*feature.tags, *scenario.tags},
        system=path,
        system_shown=shown(path, request.config),
        origin=_source(file, scenario.line_number, f"{scenario.keyword}: {scenario.name}"),
    )


def _check_steps(request: pytest.FixtureRequest, file: str, scenario: Scenario) -> None:
    """Every step is defined and every parameter has a meaning, before the first one speaks.

    Raises:
        InputError: the first step that is not, with its line.
    """
    from harness.bdd.lint.document import BELOW  # noqa: PLC0415 - only where features are collected
    from harness.bdd.visible import visible_steps  # noqa: PLC0415
    from harness.bdd.vocabulary import nearest, readings  # noqa: PLC0415

    steps = visible_steps(request.session, request.node)
    for step in scenario.steps:
        where = f"{file}:{step.line_number}"
        if "<" in step.name and ">" in step.name:
            raise InputError(f"{where}: '{step.name}': the Examples have no column for what stands between < and >")
        found = [one for one in readings(steps, step.name) if one.step.keyword in ("", step.type.capitalize())]
        if not found:
            near = nearest(steps, step.name)
            raise InputError(
                f"{where}: no step is defined that reads '{step.keyword} {step.name}'"
                + (f"; the nearest is '{near.step.text}'" if near else "; drill steps lists those there are")
            )
        if len(found) > 1:
            places = " and ".join(f"'{one.step.text}' ({one.step.place})" for one in found)
            raise InputError(f"{where}: '{step.keyword} {step.name}' may be {places}; take one of these steps away")
        if wrong := found[0].wrong():
            raise InputError(f"{where}: {step.keyword} {step.name}: {wrong[1]}")
        for argument, words in BELOW.items():
            if getattr(step, argument) is not None and not found[0].step.takes(argument):
                raise InputError(f"{where}: '{found[0].step.text}' takes no {words}; take it away")


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Step) -> None:
    """Tells the builder which step speaks."""
    builder = request.node.stash.get(BUILDER, None)
    if builder is not None:
        builder.here = _source(builder.origin.file, step.line_number, f"{step.keyword} {step.name}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Runs the drill when all steps of its scenario have spoken; a mistake in them is one message, not a traceback."""
    if not isinstance(item.parent, FeatureFile):
        return (yield)
    from harness.bdd.scenario import build  # noqa: PLC0415 - the live half only where drills are

    collected = item.config.stash.get(COLLECTED, None)
    try:
        outcome = yield
        drill = build(item)
        if collected is None:
            from harness.bdd.run import run_item  # noqa: PLC0415 - likewise

            run_item(item, drill)
        else:
            collected.append(drill)
    except DrillError as error:
        if collected is not None:
            item.config.stash[MISTAKES].append(_located(item, error))
        else:
            pytest.fail(str(_located(item, error)), pytrace=False)
    else:
        return outcome
    return None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Ends the run of drills with its index, summary and JUnit file."""
    run = sys.modules.get("harness.bdd.run")  # imported by the first drill that ran
    if run is not None:
        run.write_summary(session.config)
    elif (folder := out_of(session.config) / session.config.stash.get(RUN_ID, "-")).is_dir():
        from harness.bdd.run import gather  # noqa: PLC0415 - the judging half only where drills were

        gather(folder)


def _located(item: pytest.Item, error: DrillError) -> DrillError:
    """The error with the line of the step that was speaking, unless it names a line itself."""
    builder = item.stash.get(BUILDER, None)
    text = str(error)
    if builder is None or re.match(r"\S+:\d+: ", text):
        return error
    return type(error)(f"{builder.here}: {builder.here.text}: {text}")


def _source(file: str, line: int, text: str) -> Source:
    from harness.journal.declaration import Source  # noqa: PLC0415

    return Source(file=file, line=line, text=text)
