"""Options that several commands share, and their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

Paths = Annotated[list[Path] | None, typer.Argument(help="feature files or folders; 'features' when none is named")]
System = Annotated[
    Path | None, typer.Option("--system", help="the drill.toml of the system", show_default="the nearest")
]
Tags = Annotated[str | None, typer.Option("--tag", help="only scenarios with these tags: 'release and not control'")]
Json = Annotated[bool, typer.Option("--json", help="for programs")]
SandboxName = Annotated[str, typer.Option("--sandbox", help="where systems are brought up: embedded, kind, cluster")]
Confirm = Annotated[
    str | None,
    typer.Option("--confirm", help="the context that you mean to break, where it must be named", metavar="CONTEXT"),
]
Schedules = Annotated[Path, typer.Option("--schedules", help="where schedules and the records of their runs are")]
Out = Annotated[Path, typer.Option("--out", help="where the run's folder is made")]

FEATURES: Final = [Path("features")]
SCHEDULES: Final = Path("reports/schedules")
RUNS: Final = Path("reports/runs")
EMBEDDED: Final = "embedded"
