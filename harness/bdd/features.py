"""Feature files as pytest collects them: as modules whose tests are drills, or as texts that are looked at.

A feature's system is that of --drill-system, of a drill.toml in its folder or one above, or the one that `[tool.drill]
system` in a pyproject.toml names. A feature without one is an error: what is left out silently proves nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import pytest

from harness.errors import DrillError, NotFound
from harness.system.find import find_system

if TYPE_CHECKING:
    from pytest_bdd.parser import Feature

    from harness.bdd.lint.document import Document
    from harness.bdd.lint.feature import FeatureText
    from harness.drill.builder import DrillBuilder
    from harness.drill.spec import Drill

BUILDER: Final[pytest.StashKey[DrillBuilder]] = pytest.StashKey()
COLLECTED: Final[pytest.StashKey[list[Drill]]] = pytest.StashKey()
"""Set by `drill` to a list: drills are put into it instead of being run."""
MISTAKES: Final[pytest.StashKey[list[DrillError]]] = pytest.StashKey()
"""Set together with COLLECTED or READ: what is wrong in scenarios, or with what they need."""
READ: Final[pytest.StashKey[list[FeatureText]]] = pytest.StashKey()
"""Set by `drill` to a list: features are put into it as texts, with the steps that they may use; none is run."""

RUN_ID: Final[pytest.StashKey[str]] = pytest.StashKey()
"""Set where the drills of one run are spread over workers."""


def out_of(config: pytest.Config) -> Path:
    """Where the folders of runs are made."""
    return config.rootpath / str(config.getoption("--drill-out"))


def system_of(config: pytest.Config, feature: Path) -> Path:
    """The drill.toml that a feature belongs to.

    Raises:
        NotFound: there is none; the message says how to name one to who is asking, `drill` or pytest.
        ConfigurationError: a pyproject.toml on the way is wrong.
    """
    named = config.getoption("--drill-system")
    found = Path(str(named)) if named else find_system([feature.parent, config.rootpath])
    if found is None:
        by_drill = "name the system's file with --system, or begin with 'drill init'"
        by_pytest = (
            "name the system's file with --drill-system, or under [tool.drill] in a pyproject.toml; if this feature is "
            "no drill, leave it out with --ignore, or this plugin with -p no:drill"
        )
        raise NotFound(
            f"{feature}: no drill.toml was found for this feature, neither in its folder or one above nor in "
            f"{config.rootpath}; {by_drill if MISTAKES in config.stash else by_pytest}"
        )
    return found


def shown(path: Path, config: pytest.Config) -> str:
    """A path as people know it: from the root of the repository where it lies in it."""
    return str(path.relative_to(config.rootpath)) if path.is_relative_to(config.rootpath) else str(path)


class FeatureReader(pytest.File):
    """A feature file of which only the text is wanted, and the steps that it may use: it has no tests."""

    def collect(self) -> list[pytest.Item]:
        """Takes the file, as far as its system is known."""
        from harness.bdd.lint.feature import FeatureText  # noqa: PLC0415 - only where features are collected
        from harness.bdd.visible import visible_steps  # noqa: PLC0415

        try:
            system = system_of(self.config, self.path)
        except DrillError as error:
            self.config.stash[MISTAKES].append(error)
            return []
        name, system_name = shown(self.path, self.config), shown(system, self.config)
        steps = visible_steps(self.session, self)
        self.config.stash[READ].append(FeatureText(self.path, name, steps, system, system_name))
        return []


class FeatureFile(pytest.Module):
    """A feature file as a module whose tests are its scenarios. `text` is what these were read from."""

    text: str = ""

    def _getobj(self) -> ModuleType:
        from pytest_bdd import scenario as bind  # noqa: PLC0415 - only where features are collected

        from harness.bdd.lint.document import ENCODING  # noqa: PLC0415

        module = ModuleType(self.path.stem.replace("-", "_"))
        module.__file__ = str(self.path)
        try:
            system_of(self.config, self.path)
        except DrillError as error:
            if MISTAKES not in self.config.stash:
                raise self.CollectError(str(error)) from error
            self.config.stash[MISTAKES].append(error)
            return module
        feature = self._parsed()
        for tag in sorted({*feature.tags, *(tag for one in feature.scenarios.values() for tag in one.tags)}):
            if not tag or tag.startswith("_"):
                raise self.CollectError(f"{self.path}: '@{tag}' is no tag; one begins with a letter or a digit")
            self.config.addinivalue_line("markers", f"{tag}: a tag of a scenario")
        for index, name in enumerate(feature.scenarios):

            def body() -> None:
                """All is done by the steps."""

            plain = re.sub(r"\W+", "_", name.lower()).strip("_")
            function = f"test_{plain}"
            setattr(
                module,
                f"{function}_{index}" if hasattr(module, function) else function,
                bind(str(self.path), name, encoding=ENCODING, features_base_dir="")(body),
            )
        return module

    def _parsed(self) -> Feature:
        """The feature, parsed from `text`."""
        from pytest_bdd.exceptions import GherkinParseError  # noqa: PLC0415 - only where features are collected
        from pytest_bdd.feature import features, get_feature  # noqa: PLC0415

        from harness.bdd.lint.document import ENCODING, document_of  # noqa: PLC0415
        from harness.bdd.lint.syntax import NotGherkin  # noqa: PLC0415

        try:
            self.text = self.path.read_text(encoding=ENCODING)
            document = document_of(self.text)
            features.pop(str(self.path), None)  # it may have been read before in this process, and changed since
            feature = get_feature("", str(self.path), encoding=ENCODING)
            changed = self.text != self.path.read_text(encoding=ENCODING)
        except NotGherkin as error:
            raise self.CollectError(f"{self.path}:{error.line}: {error}; {error.fix}") from error
        except GherkinParseError as error:
            raise self.CollectError(
                f"{self.path}:{error.line}: this is not Gherkin: {error.line_content.strip()}"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise self.CollectError(f"{self.path}: cannot be read: {error}") from error
        if changed:
            raise self.CollectError(f"{self.path}: it was changed while it was read; try again when it is saved")
        self._refuse_equal_names(document)
        return feature

    def _refuse_equal_names(self, document: Document) -> None:
        """Scenarios or columns of one name overwrite each other silently; here that is an error."""
        lines: dict[str, int] = {}
        for one in document.scenarios:
            first = lines.setdefault(one.name, one.at.line)
            if first != one.at.line:
                raise self.CollectError(
                    f"{self.path}:{one.at.line}: the scenario '{one.name}' has the name of the one in line {first}; "
                    "give it a name of its own"
                )
            for name, at in (twice for table in one.tables for twice in table.again):
                raise self.CollectError(f"{self.path}:{at.line}: the Examples have two columns '{name}'")
