"""`drill lint`: looks for mistakes in feature files, and runs nothing."""

from __future__ import annotations

import json as json_text
from enum import StrEnum
from typing import Annotated

import typer

from harness.cli.options import FEATURES, Json, Paths, System
from harness.cli.output import readable, tell
from harness.errors import InputError
from harness.units import counted


class Format(StrEnum):
    """How findings are told."""

    TEXT = "text"
    GITHUB = "github"


@readable
def lint(
    paths: Paths = None,
    *,
    system: System = None,
    how: Annotated[Format, typer.Option("--format", help="github shows findings beside their lines")] = Format.TEXT,
    json: Json = False,
) -> int:
    """Look for mistakes in features, without running any. Exit 0: none was found; 65: some were."""
    from harness.bdd.collect import read_features  # noqa: PLC0415 - pytest takes half a second to import
    from harness.bdd.lint.feature import lint_feature, same_names  # noqa: PLC0415

    features = read_features(paths or FEATURES, system=system)
    found = [*same_names(features), *(finding for feature in features for finding in lint_feature(feature))]
    found.sort(key=lambda one: (one.file, one.line, one.column))
    if json:
        print(json_text.dumps([{**one.model_dump(), "why": one.why} for one in found], indent=2))
    else:
        for one in found:
            print(one.for_github() if how is Format.GITHUB else one)
    tell(f"{counted(len(features), 'feature')}: {counted(len(found), 'finding')}")
    return InputError.exit_code if found else 0
