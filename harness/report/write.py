"""Writes what a drill and a run leave in their folders. The only module of the report that writes to a disk.

Invariant: a reader sees the whole old file or the whole new one, and the same values give the same bytes.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from harness.errors import CannotCreate, InternalError
from harness.measure.timeline import Timeline
from harness.report.html import render_html, render_index
from harness.report.junit import render_junit
from harness.report.logs import read_moments
from harness.report.markdown import render_markdown
from harness.report.previous import Before, read_previous
from harness.report.shards import workers_of
from harness.report.summary import NotJudged, RunSummary, summary
from harness.verdict.result import Result

REPORT: Final = "report.html"
INDEX: Final = "index.html"
OF_A_DRILL: Final = ("result.json", REPORT, "report.md")
"""What `write_drill` writes."""


def stable_json(value: BaseModel) -> str:
    """The one readable JSON text of a value: sorted keys, two spaces, a line end at the end.

    Raises:
        InternalError: it holds a number that JSON cannot say (not a number, infinite).
    """
    data = value.model_dump(mode="python")
    try:
        plain = json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise InternalError(f"a result holds a number that is not finite, so it cannot be written: {error}") from error
    return plain + "\n"


def write_drill(result: Result, timeline: Timeline, folder: Path) -> None:
    """Writes result.json, report.html and report.md of one drill.

    Args:
        result: the judged drill.
        timeline: what its journal told.
        folder: the drill's own folder in the run's; made when it is not there.

    Raises:
        InputError: a log beside the journal cannot be read.
        CannotCreate: a file cannot be written; what was there before is untouched.
    """
    for name, text in drill_files(result, timeline, folder).items():
        write_whole(folder / name, text)


def drill_files(result: Result, timeline: Timeline, folder: Path) -> dict[str, str]:
    """What a drill leaves besides its journal and its logs: the texts by the names of `OF_A_DRILL`.

    Args:
        result: the judged drill.
        timeline: what its journal told.
        folder: the drill's, with the logs that the report shows.

    Raises:
        InputError: a log cannot be read.
    """
    page = render_html(result, timeline, read_moments(folder, result, timeline))
    texts = (stable_json(result), page, render_markdown(result))
    return dict(zip(OF_A_DRILL, texts, strict=True))


def write_run(results: Sequence[Result], folder: Path, not_judged: Sequence[NotJudged] = ()) -> RunSummary:
    """Writes summary.json, junit.xml and index.html of a run, and returns the summary.

    Args:
        results: all drills of the run.
        folder: the run's folder, in which each drill has a folder named by its id.
        not_judged: its drills that have no result.

    Raises:
        InputError: what lies there of its shards, or of the drills before, cannot be read.
        CannotCreate: a file cannot be written; what was there before is untouched.
    """
    found = summary(results, not_judged, workers=workers_of(folder))
    for name, text in run_files(results, found, read_previous(folder)).items():
        write_whole(folder / name, text)
    return found


def run_files(results: Sequence[Result], found: RunSummary, previous: Mapping[str, Before]) -> dict[str, str]:
    """What a run leaves besides its drills: the texts by their names.

    Args:
        results: all drills of the run.
        found: its summary.
        previous: what its drills came to the time before, by their ids.
    """
    return {
        "summary.json": stable_json(found),
        "junit.xml": render_junit(results, found.not_judged),
        INDEX: render_index(found, previous),
    }


def write_whole(path: Path, text: str) -> None:
    """Writes beside the file, then takes its place.

    Raises:
        CannotCreate: it cannot be written; what was there before is untouched.
    """
    name = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            name = file.name
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        raise CannotCreate(
            f"{path}: the report cannot be written: {error.strerror}; free the path or choose --out"
        ) from error
