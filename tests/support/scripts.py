"""The corpus of rollback scripts: good ones, and bad ones that say why they fail and where it shows."""

from __future__ import annotations

import re
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "fixtures" / "scripts"
GOOD = sorted((SCRIPTS / "good").iterdir())
BAD = sorted((SCRIPTS / "bad").iterdir())
FAILS = re.compile(r"^# gate: fails (?P<finding>[a-z-]+) in (?P<scenario>[a-z-]+)$", re.MULTILINE)
"""The line by which a bad script says what must be found, and in which scenario."""
