"""The pytest plugin: `.feature` files become test items, and a scenario's steps become a drill.

Steps only declare. A scenario's drill runs after its last step, so everything it promises is known and journalled
before anything is broken. `pytest features/` runs drills; `drill run` collects them with the same plugin first and
runs them itself, so that a mistake in the last scenario is found before the first one runs.

A feature's system is that of --drill-system, of a drill.toml in its folder or one above, or the one that `[tool.drill]
system` in a pyproject.toml names. A feature without one is an error: what is left out silently proves nothing.
"""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from collections.abc import Generator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import pytest

from harness.errors import DrillError, InputError, NotFound
from harness.system.find import find_system

if TYPE_CHECKING:
    from pytest_bdd.parser import Feature, Scenario, Step

    from harness.drill.builder import DrillBuilder
    from harness.drill.spec import Drill
    from harness.journal.declaration import Source

STEPS: Final = ("system", "faults", "rollback", "objectives", "validation", "guards", "database")
BUILDER: Final[pytest.StashKey[DrillBuilder]] = pytest.StashKey()
COLLECTED: Final[pytest.StashKey[list[Drill]]] = pytest.StashKey()
"""Set by `drill` to a list: drills are put into it instead of being run."""
MISTAKES: Final[pytest.StashKey[list[DrillError]]] = pytest.StashKey()
"""Set together with COLLECTED: what is wrong in scenarios."""


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
    for name in STEPS:
        if not parent.config.pluginmanager.has_plugin(f"scenarios.{name}"):
            module = importlib.import_module(f"scenarios.{name}")
            parent.config.pluginmanager.register(module, f"scenarios.{name}")
    collector: pytest.Collector = FeatureFile.from_parent(parent, path=file_path)
    return collector


def system_of(config: pytest.Config, feature: Path) -> Path:
    """The drill.toml that a feature belongs to.

    Raises:
        NotFound: there is none; the message says how to name one to who is asking, `drill` or pytest.
        ConfigurationError: a pyproject.toml on the way is wrong.
    """
    named = config.getoption("--drill-system")
    found = Path(str(named)) if named else find_system([feature.parent, config.rootpath])
    if found is None:
        by_drill = "name the system's file with --system"
        by_pytest = (
            "name the system's file with --drill-system, or under [tool.drill] in a pyproject.toml; if this feature is "
            "no drill, leave it out with --ignore, or this plugin with -p no:drill"
        )
        raise NotFound(
            f"{feature}: no drill.toml was found for this feature, neither in its folder or one above nor in "
            f"{config.rootpath}; {by_drill if COLLECTED in config.stash else by_pytest}"
        )
    return found


class FeatureFile(pytest.Module):
    """A feature file as a module whose tests are its scenarios."""

    def _getobj(self) -> ModuleType:
        from pytest_bdd import scenario as bind  # noqa: PLC0415 - only where features are collected
        from pytest_bdd.exceptions import GherkinParseError  # noqa: PLC0415
        from pytest_bdd.feature import get_feature  # noqa: PLC0415

        module = ModuleType(self.path.stem.replace("-", "_"))
        module.__file__ = str(self.path)
        try:
            system_of(self.config, self.path)
        except DrillError as error:
            if MISTAKES not in self.config.stash:
                raise self.CollectError(str(error)) from error
            self.config.stash[MISTAKES].append(error)
            return module
        try:
            feature = get_feature("", str(self.path))
        except GherkinParseError as error:
            raise self.CollectError(
                f"{self.path}:{error.line}: this is not Gherkin: {error.line_content.strip()}"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise self.CollectError(f"{self.path}: cannot be read: {error}") from error
        except KeyError:
            raise self.CollectError(
                f"{self.path}:1: there is no feature in this file; it begins with 'Feature: ' and its name"
            ) from None
        self._refuse_equal_names()
        for tag in sorted({*feature.tags, *(tag for one in feature.scenarios.values() for tag in one.tags)}):
            if not tag or tag.startswith("_"):
                raise self.CollectError(f"{self.path}: '@{tag}' is no tag; one begins with a letter or a digit")
            self.config.addinivalue_line("markers", f"{tag}: a tag of a scenario")
        for index, name in enumerate(feature.scenarios):

            def body() -> None:
                """All is done by the steps."""

            setattr(module, f"test_{index:03}", bind(str(self.path), name, features_base_dir="")(body))
        return module

    def _refuse_equal_names(self) -> None:
        """Scenarios of one name overwrite each other silently in the feature's table; here that is an error."""
        from pytest_bdd.gherkin_parser import get_gherkin_document  # noqa: PLC0415

        lines: dict[str, int] = {}
        children = get_gherkin_document(str(self.path)).feature.children
        for child in [*children, *(inner for one in children if one.rule for inner in one.rule.children)]:
            found = child.scenario
            if found is None:
                continue
            if found.name in lines:
                raise self.CollectError(
                    f"{self.path}:{found.location.line}: the scenario '{found.name}' has the name of the one in line "
                    f"{lines[found.name]}; give it a name of its own"
                )
            lines[found.name] = found.location.line


@pytest.fixture
def drill(request: pytest.FixtureRequest) -> DrillBuilder:
    """What the steps of a scenario speak to."""
    builder: DrillBuilder = request.node.stash[BUILDER]
    return builder


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, feature: Feature, scenario: Scenario) -> None:
    """Checks every step of the scenario and opens its builder."""
    from harness.drill.builder import DrillBuilder  # noqa: PLC0415 - the live half only where drills are
    from harness.settings import Settings  # noqa: PLC0415
    from harness.system.load import load_system  # noqa: PLC0415

    item = request.node
    if not isinstance(item.parent, FeatureFile):
        return
    path = system_of(request.config, item.path)
    file = _shown(item.path, request.config)
    _check_steps(request, file, scenario)
    origin = _source(file, scenario.line_number, f"{scenario.keyword}: {scenario.name}")
    item.stash[BUILDER] = DrillBuilder(
        name=scenario.name,
        description=" ".join(feature.description.split()),
        tags=tuple(sorted({*feature.tags, *scenario.tags})),
        model=load_system(path),
        system_file=_shown(path, request.config),
        here=origin,
        origin=origin,
        settings=Settings(),
    )


def _check_steps(request: pytest.FixtureRequest, file: str, scenario: Scenario) -> None:
    """Every step is defined and every parameter has a meaning, before the first one speaks.

    Raises:
        InputError: the first step that is not, with its line.
    """
    from pytest_bdd.scenario import find_fixturedefs_for_step  # noqa: PLC0415

    manager = request.session._fixturemanager  # noqa: SLF001 - pytest-bdd finds its steps in the same way
    for step in scenario.steps:
        where = f"{file}:{step.line_number}"
        if "<" in step.name and ">" in step.name:
            raise InputError(f"{where}: '{step.name}': the Examples have no column for what stands between < and >")
        try:
            found = list(find_fixturedefs_for_step(step, manager, request.node))
        except DrillError as error:
            raise type(error)(f"{where}: {step.keyword} {step.name}: {error}") from None
        if not found:
            near = nearest_step(step.name)
            raise InputError(
                f"{where}: no step is defined that reads '{step.keyword} {step.name}'"
                + (f"; the nearest is '{near}'" if near else "; drill steps lists those there are")
            )


def nearest_step(text: str) -> str | None:
    """The defined step whose text is most like this one."""
    patterns = [pattern for _, pattern in defined_steps()]
    return next(iter(difflib.get_close_matches(text, patterns, n=1, cutoff=0.4)), None)


def defined_steps() -> list[tuple[str, str]]:
    """All steps of this project: keyword and text with its parameters in braces."""
    from pytest_bdd.steps import step_function_context_registry  # noqa: PLC0415

    found: list[tuple[str, str]] = []
    for name in STEPS:
        for value in vars(importlib.import_module(f"scenarios.{name}")).values():
            function = getattr(value, "_fixture_function", value)
            context = step_function_context_registry.get(function) if callable(function) else None
            if context is not None:
                found.append((str(context.type).capitalize(), context.parser.name))
    return found


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


def _located(item: pytest.Item, error: DrillError) -> DrillError:
    """The error with the line of the step that was speaking, unless it names a line itself."""
    builder = item.stash.get(BUILDER, None)
    text = str(error)
    if builder is None or re.match(r"\S+:\d+: ", text):
        return error
    return type(error)(f"{builder.here}: {builder.here.text}: {text}")


def _shown(path: Path, config: pytest.Config) -> str:
    """A path as people know it: from the root of the repository where it lies in it."""
    return str(path.relative_to(config.rootpath)) if path.is_relative_to(config.rootpath) else str(path)


def _source(file: str, line: int, text: str) -> Source:
    from harness.journal.declaration import Source  # noqa: PLC0415

    return Source(file=file, line=line, text=text)
