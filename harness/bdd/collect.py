"""Collects the drills of feature files without running any."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final

import pytest

from harness.bdd.features import COLLECTED, MISTAKES, READ
from harness.bdd.lint.feature import FeatureText
from harness.drill.spec import Drill
from harness.errors import DrillError, InputError, InternalError, NotFound, UsageError
from harness.system.load import load_system

_BROKEN: Final = re.compile(r"ImportError while loading conftest '([^']+)'")
_MOST_NESTED: Final = 50  # in an expression over tags; pytest reads a few hundred, and breaks on more


class _Collector:
    """A pytest plugin that gathers drills, or features as texts, and mistakes, and keeps pytest silent."""

    def __init__(self, *, texts: bool) -> None:
        self.drills: list[Drill] = []
        self.features: list[FeatureText] = []
        self.mistakes: list[DrillError] = []
        self._texts = texts

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Takes the drills, and the terminal away."""
        if self._texts:
            config.stash[READ] = self.features
        else:
            config.stash[COLLECTED] = self.drills
        config.stash[MISTAKES] = self.mistakes
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            config.pluginmanager.unregister(reporter)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected is a mistake in it."""
        if report.failed:
            self.mistakes.append(InputError(str(report.longrepr)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """An error that is not a mistake in a scenario is a mistake of ours; it must not be lost."""
        if report.failed:
            self.mistakes.append(DrillError(f"{report.nodeid}: {report.longreprtext}"))


def collect_drills(paths: Sequence[Path], *, system: Path | None, tags: str | None) -> list[Drill]:
    """The drills of all scenarios under some paths, in the order of files and lines.

    Args:
        paths: feature files and folders.
        system: the drill.toml of them all; None looks for that of each feature, as the plugin does.
        tags: an expression over tags, such as 'release and not @control'; None takes all.

    Raises:
        NotFound: a path does not exist, or there is no drill.toml for a feature.
        ConfigurationError: a drill.toml is wrong.
        InputError: something is wrong in a feature file; one line for each mistake.
        UsageError: the expression is wrong, or nothing was selected.
    """
    collector = _collect(paths, system=system, tags=tags, texts=False)
    if not collector.drills:
        selected = f" with the tags '{tags}' ('drill list' shows those there are)" if tags else ""
        raise UsageError(
            f"no scenario was selected in {', '.join(map(str, paths))}{selected}; a run of nothing would prove nothing"
        )
    return collector.drills


def read_features(paths: Sequence[Path], *, system: Path | None) -> list[FeatureText]:
    """All feature files under some paths, as texts, with the steps that each may use: those of the project, too.

    Raises:
        NotFound: a path does not exist, or there is no drill.toml for a feature.
        ConfigurationError: a drill.toml is wrong.
        InputError: a conftest.py cannot be imported.
        UsageError: there is no feature file.
    """
    collector = _collect(paths, system=system, tags=None, texts=True)
    if not collector.features:
        raise UsageError(f"no feature file was found in {', '.join(map(str, paths))}; 'drill new' writes one")
    return collector.features


def _collect(paths: Sequence[Path], *, system: Path | None, tags: str | None, texts: bool) -> _Collector:
    """Lets pytest collect, and tells all that went wrong as one error."""
    for path in paths:
        if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises for a name that is too long
            raise NotFound(f"{path}: there is no such feature file or folder; name another, or begin with 'drill init'")
    if tags and len(re.findall(r"\(|\bnot\b", tags)) > _MOST_NESTED:
        raise UsageError(f"the expression of --tag is wrong: at most {_MOST_NESTED} times 'not' and '('")
    if system:
        load_system(system)  # one that is wrong is told once, whatever is wrong in the features
    collector = _Collector(texts=texts)
    arguments = [*map(str, paths), "-p", "no:cacheprovider", "-o", "addopts=", "-W", "ignore"]
    arguments += ["--rootdir", str(Path.cwd())]
    arguments += ["--drill-system", str(system.absolute())] if system else []
    arguments += ["-m", tags.replace("@", "")] if tags else []  # as tags stand in a feature, and as pytest wants them
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told):
        status = pytest.main(arguments, plugins=[collector])
    if collector.mistakes:
        first = collector.mistakes[0]
        told_once = dict.fromkeys(str(mistake) for mistake in collector.mistakes)
        raise type(first)("\n".join(told_once)) from None
    if status == pytest.ExitCode.USAGE_ERROR and (broken := _BROKEN.search(told.getvalue())):
        raise InputError(_not_imported(broken.group(1), told.getvalue()))
    if status == pytest.ExitCode.USAGE_ERROR:
        raise UsageError(_usage_error(told.getvalue()))
    if status == pytest.ExitCode.INTERNAL_ERROR:
        raise InternalError(f"the features could not be collected:\n{told.getvalue().strip()}")
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    return collector


def _not_imported(conftest: str, told: str) -> str:
    """Which line of a conftest.py cannot be imported, and why, from what pytest tells of it."""
    lines = [*re.findall(r'conftest\.py"?(?:, line |:)(\d+)', told)]
    why = [*re.findall(r"^E +(\w+: .+)", told, re.MULTILINE), "Python cannot read it"]
    return f"{':'.join([conftest, *lines[-1:]])}: cannot be imported: {why[0]}"


def _usage_error(told: str) -> str:
    """What pytest found wrong, in our words where we know it."""
    reason = next((line.removeprefix("ERROR: ") for line in told.splitlines() if line.startswith("ERROR: ")), told)
    return reason.strip().replace("Wrong expression passed to '-m'", "the expression of --tag is wrong")
