"""The ports to the data of a live system: its schema, its backups, its tables. Part of `harness.system.ports`.

As there: every call that waits takes a `Deadline`, and asking for what already is changes nothing.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from harness.clock import Deadline
from harness.system.restoring import Backup, BackupKind, Point


class Schema(Protocol):
    """The versions of the database's schema, and the scripts that lead from one to another."""

    def version(self, deadline: Deadline) -> str:
        """The version that the database says it has.

        Raises:
            MayWorkLater: the database cannot be read now.
            InputError: it does not say one.
        """

    def script(self, before: str, after: str) -> str | None:
        """The text of the script that leads from one version to another, back or forth; None when there is none.

        Raises:
            NotFound: it is there, and cannot be read.
        """

    def back(self, before: str) -> tuple[str, ...]:
        """The versions that a script leads back to from one version."""

    def migrate_in_part(self, before: str, after: str, deadline: Deadline) -> None:
        """Runs such a script up to where it would change the version, and leaves it so, until `finish_part`.

        Raises as `migrate` does; nothing was changed then.
        """

    def finish_part(self, before: str, after: str, deadline: Deadline) -> None:
        """Ends `migrate_in_part`: runs what is left of the script, and the one that leads back.

        Does nothing where no script was run in part. Raises as `migrate` does.
        """

    def migrate(self, before: str, after: str, deadline: Deadline) -> None:
        """Runs such a script in one transaction, in which the version is changed too, or nothing is.

        Raises:
            NotFound: there is no such script.
            MayWorkLater: a lock could not be had in time, or the database cannot be reached; nothing was changed.
            WillNotWork: the script failed, or the version was another one before or after it; nothing was changed.
        """


class Recovery(Protocol):
    """Backups of the database, and the way back to them: beside the live database first, then in its place.

    At most one restored database stands beside the live one, and at most one that was replaced is kept.
    """

    def back_up(self, kind: BackupKind, deadline: Deadline, *, safety: bool = False) -> Backup:
        """Takes a backup now; for `safety`, of what is about to be replaced.

        Raises:
            MayWorkLater: the database does not answer.
            WillNotWork: it could not be taken; the message has the end of the tool's log.
        """

    def backups(self, kind: BackupKind) -> tuple[Backup, ...]:
        """The backups that there are, oldest first."""

    def examine(self, backup: Backup, deadline: Deadline) -> str:
        """Reads a backup to its end, and says what is wrong with it; empty when it can be restored."""

    def find(self, backup: Backup, point: Point, deadline: Deadline) -> str:
        """Why a point cannot be reached from a base backup (a gap in the log, say); empty when it can be."""

    def room(self, backup: Backup) -> tuple[int, int]:
        """What a restore needs of the disk, and what is free, in bytes."""

    def mark(self, name: str, deadline: Deadline) -> None:
        """Writes a named restore point into the log.

        Raises:
            MayWorkLater: the database cannot be reached.
        """

    def turn_away(self, services: Sequence[str], deadline: Deadline) -> None:
        """Answers the clients of services with 503 from now on; returns when no request is under way any more."""

    def let_in(self, services: Sequence[str]) -> None:
        """Ends `turn_away`."""

    def close(self, deadline: Deadline) -> int:
        """Ends all sessions of the database and lets none in; what was committed is safe in the log.

        Returns:
            How many sessions were ended, idle ones and those in a transaction too.
        """

    def open(self, deadline: Deadline) -> None:
        """Ends `close`."""

    def restore(self, backup: Backup, point: Point | None, deadline: Deadline) -> None:
        """Restores a backup beside the live database: a base backup up to a point, a dump as it is.

        Raises:
            WillNotWork: the server could not be brought there; the message has the end of its log.
            DeadlineExceeded: it was not there in time.
        """

    def look_beside(self, sql: str, deadline: Deadline) -> Sequence[tuple[Any, ...]]:
        """Rows of a query in the restored database, as text.

        Raises:
            NotFound: there is none.
            InputError: the statement is wrong there.
        """

    def swap(self, deadline: Deadline) -> None:
        """Puts the restored database in the place of the live one, which is kept.

        Raises:
            NotFound: nothing was restored.
        """

    def keeps(self) -> bool:
        """Whether a database that was replaced is kept, so that `swap_back` would do something."""

    def swap_back(self, deadline: Deadline) -> None:
        """Puts the one that was kept back in its place; does nothing where none is kept."""

    def drop_beside(self, deadline: Deadline) -> None:
        """Removes the restored database that is not live."""

    def drop_kept(self, deadline: Deadline) -> None:
        """Removes the database that was replaced."""

    def lose(self, deadline: Deadline) -> None:
        """Kills the server and takes its files away, until `find_again`: the log that was kept elsewhere is all."""

    def find_again(self, deadline: Deadline) -> None:
        """Ends `lose` where no other database has taken the place of the lost one."""

    def has_disk(self) -> bool:
        """Whether the files of the database lie on a disk of its own, which can be filled without harm to others."""

    def fill_disk(self, deadline: Deadline) -> None:
        """Fills that disk to the last byte, and waits until the server has noticed, until `empty_disk`.

        Raises:
            InputError: it has none, or lives elsewhere by now.
            DeadlineExceeded: the server still writes.
        """

    def empty_disk(self, deadline: Deadline) -> None:
        """Ends `fill_disk`; a server that gave up over it is started again, where no other has taken its place."""

    def damage_page(self, table: str, deadline: Deadline) -> None:
        """Damages the first page of a table on the disk, until `mend_page`; whoever reads it is told so.

        Raises:
            NotFound: there is no such table.
            InputError: it has no page, or the server computes no checksums.
        """

    def mend_page(self) -> None:
        """Ends `damage_page`: every byte is as it was, unless something else has taken the place of the page."""

    def spoil(self, backup: Backup, how: str) -> None:
        """Spoils a backup until `mend`.

        Args:
            backup: the backup.
            how: "corrupt", "truncated", "missing", "cut off from its log", "of another version" (of the database's
                programs), or "too old".
        """

    def mend(self, backup: str) -> None:
        """Ends `spoil`."""


class Tables(Protocol):
    """What a fault can do to the data, so that it can be put back."""

    def drop(self, table: str, deadline: Deadline) -> None:
        """Takes a table away from everybody, until `put_back`.

        Raises:
            NotFound: there is no such table.
        """

    def empty(self, table: str, deadline: Deadline) -> int:
        """Deletes the rows of a table, and those that refer to them, until `put_back`; returns how many.

        Raises:
            NotFound: there is no such table.
        """

    def alter(self, table: str, deadline: Deadline) -> int:
        """Writes wrong values into the rows of a table, beside its keys, until `put_back`; returns how many rows.

        Raises:
            NotFound: there is no such table.
            InputError: nothing in it can be written wrong.
        """

    def put_back(self, table: str, deadline: Deadline) -> None:
        """Ends `drop`, `empty` and `alter`; does nothing where nothing of the table was set aside."""

    def hold(self, table: str, deadline: Deadline) -> None:
        """Leaves a transaction idle that has read a table, until `let_go` or the end of this process."""

    def change_password(self, role: str, password: str, deadline: Deadline) -> None:
        """Lets a role in with another password from now on; the sessions that it has go on.

        Raises:
            InputError: there is no such role.
        """

    def lets_in(self, role: str, password: str) -> bool:
        """Whether a client that comes as a role with this password is let in.

        Raises:
            MayWorkLater: it cannot be told, because the server does not answer, or has another reason.
        """

    def let_go(self, table: str, deadline: Deadline) -> None:
        """Ends `hold`, whoever began it."""

    def take_up(self, deadline: Deadline) -> int:
        """Takes every connection that the server has for services, until `give_back` or the end of this process.

        Returns:
            How many those are.

        Raises:
            MayWorkLater: the server lets nobody in now.
        """

    def give_back(self, deadline: Deadline) -> None:
        """Ends `take_up`, whoever began it."""
