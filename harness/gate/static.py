"""What the text of a script shows: ShellCheck's findings and rules of our own. Reads files, runs ShellCheck.

A finding here is a hint: what a script does is what counts. One is silenced by a comment on its line, or on the line
before it, that gives a reason: `# gate: allow psql-goes-on because the file is checked below`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import NotFound
from harness.gate.result import StaticFinding
from harness.units import Duration

_SHELL: Final = re.compile(r"^#!\s*\S*(?:/|\benv\s+(?:-S\s+)?)(?P<shell>bash|sh|dash|ksh)\b")
_ALLOW: Final = re.compile(r"#\s*gate:\s*allow\s+(?P<rule>[a-z-]+)(?:\s+because\s+(?P<reason>\S.*))?")
_WITHIN: Final = Duration.of(s=20)  # ShellCheck takes half a second for a long script


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of our own: what it finds on a line of a shell script, what to do, and when it does not count."""

    finds: re.Pattern[str]
    sentence: str
    advice: str
    example: str
    unless: re.Pattern[str] | None = None
    whole: bool = False
    """The exception is looked for in the whole script, not on the line alone."""


def _rule(finds: str, sentence: str, advice: str, example: str, unless: str = "", *, whole: bool = False) -> Rule:
    return Rule(re.compile(finds), sentence, advice, example, re.compile(unless) if unless else None, whole)


RULES: Final[Mapping[str, Rule]] = {
    "goes-on": _rule(
        r"\A#!.*\b(?:ba|da|k)?sh\b",
        "the script goes on after an error",
        "begin with set -euo pipefail",
        "psql -f down.sql\nexit 0",
        r"set -[a-z]*e|set -o errexit|#!.*\bsh -[a-z]*e",
        whole=True,
    ),
    "psql-goes-on": _rule(
        r"\bpsql\b.*(?:\s-[a-zA-Z]*f\b|--file|<)",
        "psql goes on after an error in a file",
        "say psql -v ON_ERROR_STOP=1",
        "psql -f down.sql",
        r"ON_ERROR_STOP",
        whole=True,
    ),
    "no-transaction": _rule(
        r"\bpsql\b.*(?:\s-[a-zA-Z]*f\b|--file|<)",
        "a file of statements runs without a transaction",
        "say psql -1, which makes it one transaction",
        "psql -v ON_ERROR_STOP=1 -f down.sql",
        r"\s-[a-zA-Z]*1|--single-transaction",
    ),
    "restore-goes-on": _rule(
        r"\bpg_restore\b",
        "pg_restore goes on after an error",
        "say pg_restore --exit-on-error, or -1",
        "pg_restore -d app app.dump",
        r"--exit-on-error|\s-e\b|\s-1\b|--single-transaction|--list|\s-l\b|--file|\s-f\b",
    ),
    "restore-over": _rule(
        r"\bpg_restore\b.*(?:--clean|\s-c\b)",
        "a backup is restored over what serves clients",
        "restore into a new database, look whether it is whole, and rename",
        "pg_restore --clean -d app app.dump",
    ),
    "drop-live": _rule(
        r"\bdropdb\b.*PGDATABASE|DROP\s+DATABASE.*PGDATABASE",
        "the database that clients use is dropped before something takes its place",
        "restore into a new database and rename; drop the old one last",
        'dropdb "$PGDATABASE"',
    ),
    "no-lock-timeout": _rule(
        r"\bpsql\b",
        "nothing limits how long a statement waits for a lock, and others behind it",
        "set PGOPTIONS='-c lock_timeout=2s', and try again when it was too short",
        "psql -1 -f down.sql",
        r"lock_timeout",
        whole=True,
    ),
    "swallowed": _rule(
        r"\|\|\s*(?:true|:)\s*(?:$|#)|2>\s*/dev/null\s*\|\|",
        "an error is thrown away",
        "let it end the script, or look for the one error that is expected",
        "pg_restore -d app app.dump || true",
    ),
    "prints-address": _rule(
        r"\b(?:echo|printf)\b.*(?:DATABASE_URL|PGPASSWORD)|^\s*set -[a-z]*x",
        "a password may be printed",
        "print what is done, and never DATABASE_URL or PGPASSWORD",
        'echo "restoring to $DATABASE_URL"',
        r">>?\s*\"?\$|#.*never printed",
    ),
    "password-in-arguments": _rule(
        r"\b(?:psql|pg_restore|pg_dump)\b.*DATABASE_URL",
        "the address with its password stands in the list of processes, for everybody on the machine",
        "name no address: psql reads PGHOST, PGUSER and PGPASSWORD, which are set",
        'psql "$DATABASE_URL" -f down.sql',
    ),
    "fixed-temporary-file": _rule(
        r"[\s=\"'>]/tmp/[\w.-]+",
        "a fixed name in /tmp: two runs meet there, and others may have laid a link",
        "make a folder with mktemp -d, and remove it in a trap on EXIT",
        "pg_restore -f /tmp/restore.sql app.dump",
    ),
    "newest-backup": _rule(
        r"\bls\s+-[a-zA-Z]*t[a-zA-Z]*\b.*\.dump",
        "the newest backup is taken, which may be of another version",
        "take the backup of DRILL_TARGET_VERSION by its name",
        'ls -t "$DRILL_BACKUP_DIR"/*.dump | head -1',
    ),
    "no-checksum": _rule(
        r"\bpg_restore\b",
        "a backup is restored whose checksum was not looked at",
        "call sha256sum -c for the file beside it before it is restored",
        'pg_restore -d app "$DRILL_BACKUP_DIR/app.dump"',
        r"sha256",
        whole=True,
    ),
    "ends-everybody": _rule(
        r"pg_terminate_backend",
        "sessions of other databases may be ended",
        "add WHERE datname = the database that is rolled back",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
        r"datname",
        whole=True,
    ),
    "no-confirmation": _rule(
        r"\A#!",
        "production is not asked for",
        "refuse where DRILL_ENVIRONMENT is production and nobody has confirmed it",
        "#!/bin/sh\npsql -f down.sql",
        r"DRILL_ENVIRONMENT",
        whole=True,
    ),
    "unpacks-over": _rule(
        r"\btar\b.*(?:-C|--directory)[\s=]*\"?\$\{?DRILL_CONFIG_DIR",
        "an archive is unpacked over what is in use: files that the target does not have stay",
        "unpack into an empty folder, and put that in the place of the old one",
        'tar -xzf config.tar.gz -C "$DRILL_CONFIG_DIR"',
    ),
    "waits-for-answer": _rule(
        r"^\s*read\s+(?!.*<)(?:-[a-z]*p|-r\s+\w)",
        "the script waits for somebody's answer",
        "take the answer from a variable or an argument: nobody is there to give it",
        'read -rp "Sure? " answer',
    ),
}
"""By id; docs/gate.md has each with its example."""


def check(script: Path) -> tuple[StaticFinding, ...]:
    """What the text of a script shows; nothing unless it is a shell script.

    Raises:
        NotFound: there is no such file.
    """
    try:
        text = script.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ()  # a program, not a text
    except OSError as error:
        raise NotFound(f"{script}: there is no such script, or it cannot be read: {error.strerror}") from error
    if not _SHELL.match(text):
        return ()
    return (*_own(script, text), *_shellcheck(script))


def _own(script: Path, text: str) -> Iterator[StaticFinding]:
    lines = text.splitlines()
    for name, rule in RULES.items():
        if rule.whole and rule.unless is not None and rule.unless.search(text):
            continue
        for number, line in enumerate(lines, start=1):
            code = line if number == 1 else _without_comment(line)
            found = rule.finds.search(code)
            if not found or (not rule.whole and rule.unless is not None and rule.unless.search(code)):
                continue
            if not _silenced(name, lines, number):
                where = f"{script}:{number}"
                yield StaticFinding(id=name, where=where, sentence=rule.sentence, advice=rule.advice)
            if rule.whole:
                break
    for number, line in enumerate(lines, start=1):
        allowed = _ALLOW.search(line)
        if allowed and not allowed["reason"]:
            yield StaticFinding(
                id="allow-without-reason",
                where=f"{script}:{number}",
                sentence=f"{allowed['rule']} is allowed without a reason",
                advice="say '… because …'",
            )
        elif allowed and allowed["rule"] not in RULES:
            yield StaticFinding(
                id="allow-unknown",
                where=f"{script}:{number}",
                sentence=f"there is no rule {allowed['rule']}",
                advice=f"name one of {', '.join(RULES)}",
            )


def _silenced(rule: str, lines: list[str], number: int) -> bool:
    around = [lines[number - 1], *([lines[number - 2]] if number > 1 else []), *(lines[1:2] if number == 1 else [])]
    return any(
        allowed["rule"] == rule and allowed["reason"] for line in around if (allowed := _ALLOW.search(line)) is not None
    )


def _without_comment(line: str) -> str:
    return "" if line.lstrip().startswith("#") else line


def _shellcheck(script: Path) -> Iterator[StaticFinding]:
    """ShellCheck's findings; none where it is not installed."""
    beside = Path(sys.executable).with_name("shellcheck")
    program = str(beside) if beside.exists() else shutil.which("shellcheck")
    if program is None:
        return
    done = subprocess.run(
        [program, "--format=json1", str(script)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=_WITHIN.seconds,
    )
    for one in json.loads(done.stdout or '{"comments": []}')["comments"]:
        where, advice = f"{script}:{one['line']}", f"see ShellCheck's wiki for SC{one['code']}"
        yield StaticFinding(id=f"SC{one['code']}", where=where, sentence=one["message"].rstrip("."), advice=advice)
