"""A PATH of its own with stand-ins for the command-line tools, to see what is said where one is missing or old."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

ANSWERS = {"docker": "26.1.5", "kind": "kind v0.33.0 go1.26.1 linux/amd64", "helm": "v4.3.0"}
"""What tools that are as they should be answer to a question for their version."""


def tools(folder: Path, *real: str, **answers: str | None) -> str:
    """A folder for PATH: each tool answers with a text to whatever it is asked.

    Args:
        folder: is made.
        real: tools that are the machine's own.
        answers: other texts than those of good tools; None for a tool that is missing.
    """
    folder.mkdir()
    for name, answer in {**ANSWERS, **answers}.items():
        if name in real:
            (folder / name).symlink_to(shutil.which(name) or name)
        elif answer is not None:
            script(folder / name, f"echo {shlex.quote(answer)}")
    return str(folder)


def script(path: Path, text: str) -> None:
    """An executable script; of the shell's own words, for nothing else may be on PATH."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
