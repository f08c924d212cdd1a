"""Every finding there is: an id, what it says of a script, and what its author can do. Values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_SOME: Final = 3  # of the things that a finding is about so many are named


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in one case."""

    id: str
    detail: str

    @property
    def sentence(self) -> str:
        """What is wrong, and with what."""
        return f"{FINDINGS[self.id].title}: {self.detail}" if self.detail else FINDINGS[self.id].title

    @property
    def advice(self) -> str:
        """What its author can do."""
        return FINDINGS[self.id].advice


@dataclass(frozen=True, slots=True)
class Kind:
    """What a finding of an id means."""

    title: str
    advice: str


FINDINGS: Final[Mapping[str, Kind]] = {
    "not-recovered": Kind(
        "it did not roll back",
        "run it by hand with the variables of the contract; its output stands in the report",
    ),
    "false-success": Kind(
        "it exits 0, but nothing was rolled back",
        "stop at the first error (set -euo pipefail, psql -v ON_ERROR_STOP=1), and look at the result before exit 0",
    ),
    "denied-success": Kind(
        "it exits with an error, but everything was rolled back",
        "exit 0 exactly when the target is reached, also when a step after it fails",
    ),
    "half-done": Kind(
        "it left a state that is neither the old one nor the target",
        "do all changes in one transaction (psql -1), or beside what serves, and switch in one step",
    ),
    "database-gone": Kind(
        "the database that clients use cannot be entered any more",
        "restore into another database and rename, and let connections in again on every way out",
    ),
    "wrong-target": Kind(
        "it went to another version than DRILL_TARGET_VERSION",
        "choose migrations, backups and archives by DRILL_TARGET_VERSION, not the last or the previous one",
    ),
    "version-record": Kind(
        "schema_migrations does not say what the schema is",
        "change the schema and its record in one transaction",
    ),
    "damaged-rows": Kind(
        "rows are not what they were",
        "restore only a backup whose checksum is right, and change no rows but those that the rollback is about",
    ),
    "lost-writes": Kind(
        "clients lost writes that they had been told are safe",
        "roll the schema back in place, or restore a backup that is young enough and refuse an older one",
    ),
    "sequence-behind": Kind(
        "a sequence will give numbers that are taken",
        "set sequences after rows were copied (setval)",
    ),
    "stale-config": Kind(
        "configuration files that the target does not have are still there",
        "unpack into an empty folder and put it in the place of the old one",
    ),
    "wrong-config": Kind(
        "configuration files are not those of the target",
        "unpack the archive of the target whole, beside what is there, and switch in one step",
    ),
    "exposed-secret": Kind(
        "a configuration file may be read, or its folder written to, by more users than it should",
        "keep permissions: tar -p, cp -p, and umask 077 while secrets are written",
    ),
    "not-serving": Kind(
        "clients are not served after it has ended",
        "look at the end whether clients are served, and take back what kept them out",
    ),
    "too-slow": Kind("clients waited longer than the recovery objective", "do slow work before the switch"),
    "no-end": Kind(
        "it was still running at its deadline, and was killed",
        "give every wait a limit (lock_timeout, statement_timeout, connect_timeout, timeout) within DRILL_DEADLINE",
    ),
    "rerun-fails": Kind(
        "when it is run again, it fails",
        "look first how far things are, finish what is begun, and exit 0 when the target is reached",
    ),
    "not-refused": Kind(
        "it went on where it must refuse",
        "in production ask for a confirmation; look for the target before anything is changed",
    ),
    "late-refusal": Kind(
        "it refused only after it had begun to change things",
        "do all checks before the first change",
    ),
    "clients-blocked": Kind(
        "clients were blocked for long by a rollback that then gave up",
        "set lock_timeout to a few seconds and try again, rather than let everybody queue behind a lock",
    ),
    "left-process": Kind(
        "it left processes running", "wait for what was started in the background, or end it in a trap on EXIT"
    ),
    "left-session": Kind("it left sessions open in the database", "end every session; wait for background psql"),
    "left-prepared": Kind(
        "it left a prepared transaction, which holds its locks for good",
        "commit or roll back what PREPARE TRANSACTION made",
    ),
    "left-flag": Kind(
        "it left the database in another mode than it was",
        "take maintenance settings back in a trap on EXIT: connection limit, allow_connections, read only",
    ),
    "left-database": Kind(
        "it left a database behind that is not the old one",
        "drop what was made for the restore, also when it fails",
    ),
    "left-objects": Kind(
        "it left tables or other objects in the database that the target does not have",
        "drop what was made on the way, in the same transaction",
    ),
    "left-files": Kind("it left files behind", "make files in a folder of mktemp -d and remove it in a trap on EXIT"),
    "left-credentials": Kind(
        "it left the database's password in a file, or a secret in a log",
        "leave it in the environment; a passfile is removed in a trap on EXIT, and a log shows no secrets",
    ),
    "printed-secret": Kind(
        "it printed a secret",
        "never print DATABASE_URL or PGPASSWORD, compare configuration without showing it, and no set -x",
    ),
    "changed-other": Kind(
        "it changed what it has no business with",
        "name the database, schema, table or file; never match by pattern",
    ),
    "changed-given": Kind(
        "it changed what it was given to read: backups, migrations or archives",
        "work on a copy in DRILL_SCRATCH_DIR",
    ),
    "not-rolled-out": Kind(
        "it ended before clients were served by the target alone",
        "wait for the rollout (kubectl rollout status --timeout, helm rollback --wait), and exit with what that says",
    ),
    "not-as-released": Kind(
        "what belongs to the service in the cluster is not as it was released",
        "go back by the history or the selector alone, and change no replicas, settings or labels",
    ),
    "left-pending": Kind(
        "it left the Helm release in the middle of an operation, which stops whoever comes next",
        "give helm --timeout more time than its rollout needs, and finish what a killed run has begun",
    ),
    "left-in-cluster": Kind(
        "it left objects in the namespace that were not there", "delete what was made on the way, also when it fails"
    ),
    "reached-elsewhere": Kind(
        "it reached for what is outside of its namespace, and was refused",
        'say -n "$DRILL_NAMESPACE" with every call, and never --all-namespaces',
    ),
    "ended-others": Kind(
        "it ended a session of another application, in another database, or cancelled what that was at",
        "end only sessions WHERE datname = the database that is rolled back",
    ),
    "not-tried": Kind("this could not be tried", "see the reason; run the gate again, on a quiet machine"),
}


def some(names: Sequence[str]) -> str:
    """The first few of what a finding is about, and how many more there are."""
    more = f" and {len(names) - _SOME} more" if len(names) > _SOME else ""
    return ", ".join(names[:_SOME]) + more
