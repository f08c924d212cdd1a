"""The texts that systemd and cron want. Pure."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import Final

from harness.journal.schedule import Schedule
from harness.units import Duration

MARK: Final = "# rollback-drill:"
"""After it, at the end of a crontab's line, stands the name of the schedule whose line that is."""


_REST: Final = Duration.of(s=30)
"""After its drill has ended, for the command to write the record, on a machine that is shutting down."""


def units_of(schedule: Schedule, command: Sequence[str], stopping: Duration) -> dict[str, str]:
    """The units of a schedule: their texts by their names.

    Args:
        schedule: whose runs they start.
        command: that starts one.
        stopping: what a drill that is stopped may take.
    """
    name = unit_name(schedule.name)
    service = f"""\
# Made by `drill schedule install`; `drill schedule remove {schedule.name}` takes it away.
[Unit]
Description=Rollback drills on a schedule: {schedule.name}

[Service]
Type=oneshot
ExecStart={" ".join(map(_in_a_unit, command))}
# Only the command itself is stopped, and stops its drill; a watchdog takes back what a killed drill has done.
KillMode=process
TimeoutStopSec={math.ceil((stopping + _REST).seconds)}
"""
    timer = f"""\
# Made by `drill schedule install`; `drill schedule remove {schedule.name}` takes it away.
[Unit]
Description=When the rollback drills {schedule.name} are due

[Timer]
OnCalendar={schedule.when.replace("%", "%%")}
# A run that was due while the machine was off begins when it is on again.
Persistent=true

[Install]
WantedBy=timers.target
"""
    return {f"{name}.service": service, f"{name}.timer": timer}


def unit_name(name: str) -> str:
    """What the units of a schedule are called, before the dot."""
    return f"rollback-drill-{name}"


def line_of(schedule: Schedule, command: Sequence[str]) -> str:
    """The line of a crontab that starts the runs of a schedule. Arguments as for `units_of`."""
    started = shlex.join(command).replace("%", "\\%")  # a bare one would end the command
    return f"{schedule.when} {started} {MARK} {schedule.name}"


def without(crontab: str, name: str) -> str:
    """A crontab without the line of a schedule; every other line stays as it is."""
    return "".join(line for line in crontab.splitlines(keepends=True) if not line.rstrip().endswith(f"{MARK} {name}"))


def with_line(crontab: str, schedule: Schedule, line: str) -> str:
    """A crontab with the line of a schedule, in place of the one of before."""
    others = without(crontab, schedule.name)
    return others + ("\n" if others and not others.endswith("\n") else "") + line + "\n"


def _in_a_unit(part: str) -> str:
    """An argument as systemd reads it (systemd.service(5), command lines)."""
    text = part.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if not text or set(text) & set(" \t'\";") else text
