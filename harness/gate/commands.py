"""Stand-ins for the commands that scripts call: each notes its call, can be held, then becomes the real one."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from harness.gate import unit

_POSTGRES: Final = (
    "psql", "pg_dump", "pg_restore", "createdb", "dropdb", "pg_isready", "pg_dumpall", "vacuumdb", "createuser",
    "dropuser", "reindexdb",
)  # fmt: skip
_OTHERS: Final = (
    "awk", "base64", "basename", "cat", "chmod", "chown", "cmp", "cp", "curl", "cut", "date", "diff", "dirname", "env",
    "find", "flock", "grep", "gunzip", "gzip", "head", "helm", "install", "jq", "kubectl", "ln", "ls", "md5sum",
    "mkdir", "mktemp", "mv", "openssl", "realpath", "rm", "rmdir", "rsync", "sed", "sha256sum", "shasum", "sleep",
    "sort", "stat", "sync", "tail", "tar", "tee", "timeout", "touch", "tr", "wc", "xargs", "zcat",
)  # fmt: skip
CLUSTER: Final = ("kubectl", "helm")
SYSTEMCTL: Final = "systemctl"
PROGRAMS: Final = "bin"
"""The folder of the stand-ins, in a world's own."""
KUBECONFIG: Final = "kubeconfig"
"""The file in a world's own folder by which a script reaches a cluster."""
NOTES: Final = ("commands", "hold", "held", "told", "output", "postgres.log")
"""The files that the gate itself writes there while a script runs."""

_STAND_IN: Final = """#!/bin/sh
echo "{name}" >>"{world}/commands"
if [ -e "{world}/hold" ]; then
  read -r hold <"{world}/hold"
  if [ "$({wc} -l <"{world}/commands")" -ge "$hold" ]; then
    while [ -e "{world}/hold" ]; do
      {sleep} 1 &
      : >"{world}/held" # only now: whoever is asked to end by then is all there, and leaves nothing that sleeps on
      wait
    done
  fi
fi
{then}
"""
_MISSING: Final = 'echo "{name}: there is none on this machine" >&2\nexit 127'
"""Who calls for a cluster is seen, also where nothing could reach one."""


def lay(world: Path, postgres: Path, path: str, control: int) -> str:
    """Makes the stand-ins of a world; the PATH with which a script finds them first.

    Args:
        world: its folder.
        postgres: where PostgreSQL's programs are.
        path: where the others are found.
        control: the port on which the gate is asked for what `systemctl` does.
    """
    folder = world / PROGRAMS
    folder.mkdir()
    wc, sleep = (shutil.which(name, path=path) or f"/usr/bin/{name}" for name in ("wc", "sleep"))
    for name in (*_POSTGRES, *_OTHERS, SYSTEMCTL):
        real = str(postgres / name) if name in _POSTGRES else shutil.which(name, path=path)
        if real is not None or name in (*CLUSTER, SYSTEMCTL):
            then = _MISSING.format(name=name) if real is None else f'exec "{real}" "$@"'
            if name == SYSTEMCTL:
                then = f'exec "{sys.executable}" -I -S "{unit.__file__}" {control} "$@"'
            stand_in = folder / name
            stand_in.write_text(_STAND_IN.format(name=name, world=world, wc=wc, sleep=sleep, then=then))
            stand_in.chmod(0o755)
    return f"{folder}:{postgres}:{path}"


def hold_at(world: Path, number: int) -> None:
    """From the call of that number on, calls wait."""
    (world / "hold").write_text(f"{number}\n")


def release(world: Path) -> None:
    """Calls wait no more."""
    for name in ("hold", "held"):
        (world / name).unlink(missing_ok=True)


def held(world: Path) -> bool:
    """True once a call waits."""
    return (world / "held").exists()


def called(world: Path) -> tuple[str, ...]:
    """What was called so far, in order."""
    try:
        return tuple((world / "commands").read_text(encoding="utf-8").split())
    except FileNotFoundError:
        return ()
