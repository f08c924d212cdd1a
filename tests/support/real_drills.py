"""Drills of this repository's features on real sandboxes, as a test of their verdicts needs them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler, GherkinDocumentWithURI

from harness.settings import Settings
from tests.support.commands import drill

COULD_NOT_TELL = ("indeterminate", "invalid")
Drills = list[dict[str, Any]]


def ran(
    *paths: object,
    sandbox: str,
    out: Path,
    told: pytest.CaptureFixture[str],
    state: Path | None = None,
    extra: Mapping[str, str] | None = None,
) -> Drills:
    """The drills of a run. What could not be told is measured once more: two cores stall when many pods start."""
    where = state or Settings().state_dir
    found = _run(*paths, sandbox=sandbox, out=out, state=where, extra=extra)
    for number, one in enumerate(found):
        if not one["as_expected"] and one["verdict"] in COULD_NOT_TELL:
            with told.disabled():
                sys.stdout.write(f"\nmeasured once more on {one['sandbox']}: {one['name']}: {one['reason']}\n")
            feature = one["source"].rpartition(":")[0]
            again = _run(feature, sandbox=one["sandbox"], out=out, state=where, extra=extra)
            [found[number]] = [other for other in again if other["name"] == one["name"]]
    with told.disabled():
        sys.stdout.write(f"\n{len(found)} drills ran on {sandbox}: {', '.join(str(path) for path in paths)}\n")
    return found


def written(*folders: str, but: str = "") -> int:
    """How many drills the features of some folders ask for, by the Gherkin parser's own count; none with tag `but`."""
    files = (file for folder in folders for file in Path(folder).glob("*.feature"))
    documents = (
        GherkinDocumentWithURI(**Parser().parse(file.read_text(encoding="utf-8")), uri=str(file)) for file in files
    )
    pickles = (one for document in documents for one in Compiler().compile(document))
    return sum(but not in (tag["name"] for tag in one["tags"]) for one in pickles)


def unexpected(drills: Drills) -> list[str]:
    """What drills did not end as their scenarios say."""
    return [f"{one['name']} on {one['sandbox']}: {one['headline']}" for one in drills if not one["as_expected"]]


def _run(*paths: object, sandbox: str, out: Path, state: Path, extra: Mapping[str, str] | None) -> Drills:
    command = ("run", *paths, "--sandbox", sandbox, "--out", out, "--json")
    said = drill(*command, state=state, extra=extra, within=1200)
    assert said.out, said.err
    drills: Drills = json.loads(said.out)["drills"]
    return drills
