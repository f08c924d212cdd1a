"""The corpus of rollback scripts: good ones, and bad ones that say why they fail and where it shows."""

from __future__ import annotations

import re
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "fixtures" / "scripts"
CLUSTER = ("helm", "kubectl")
"""How names of scripts begin that need a cluster."""


def _of(folder: str, *, cluster: bool) -> list[Path]:
    return sorted(one for one in (SCRIPTS / folder).iterdir() if one.name.startswith(CLUSTER) is cluster)


GOOD, BAD = _of("good", cluster=False), _of("bad", cluster=False)
CLUSTER_GOOD, CLUSTER_BAD = _of("good", cluster=True), _of("bad", cluster=True)
FAILS = re.compile(r"^# gate: fails (?P<finding>[a-z-]+) in (?P<scenario>[a-z-]+)$", re.MULTILINE)
"""The line by which a bad script says what must be found, and in which scenario."""
