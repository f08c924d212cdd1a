"""The state folder must be the user's own: what lies below it is believed, and done. Part of the floor."""

import os
import stat
from pathlib import Path
from typing import Final

from harness.errors import CannotCreate

_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_INSTEAD: Final = "name another folder in DRILL_STATE_DIR"
_OF_NO_DRILL: Final = frozenset({".lock", ".kind", ".kind.lock", "stop"})
"""What stays in a state folder when no drill lives and none has left anything: locks, the warm cluster, the switch."""


def require_own(folder: Path) -> None:
    """Refuses a state folder in which somebody else can lay down what would be believed; one that is missing is none.

    Raises:
        CannotCreate: it is another user's, a link, no folder, or its group or others may write in it.
    """
    try:
        found = folder.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise CannotCreate(f"{folder}: the state folder cannot be looked at: {error.strerror}; {_INSTEAD}") from error
    if not stat.S_ISDIR(found.st_mode):
        what = "a link" if stat.S_ISLNK(found.st_mode) else "a file"
        raise CannotCreate(f"{folder}: cannot be used as a state folder: it is {what}; expected a folder; {_INSTEAD}")
    if found.st_uid != os.geteuid():
        raise CannotCreate(
            f"{folder}: the state folder belongs to another user (uid {found.st_uid}); expected one of your own "
            f"(uid {os.geteuid()}), because commands of yours do what is written there: have it removed, or {_INSTEAD}"
        )
    if found.st_mode & _BY_OTHERS:
        raise CannotCreate(
            f"{folder}: others may write in the state folder (mode {stat.S_IMODE(found.st_mode):04o}); expected 0700, "
            f"because commands of yours do what is written there: look whether all in it is yours, then "
            f"chmod go-w {folder}, or {_INSTEAD}"
        )


def make_own(folder: Path) -> None:
    """Makes the state folder when it is missing.

    Raises:
        CannotCreate: it cannot be made, or as `require_own` does: somebody may have been faster.
    """
    try:
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True)
            if os.geteuid() == 0:  # PostgreSQL runs as another user then, who must get to its own folder
                folder.chmod(0o711)
    except FileExistsError:
        pass
    except OSError as error:
        raise CannotCreate(f"{folder}: cannot be used as a state folder: {error.strerror}; {_INSTEAD}") from error
    require_own(folder)


def has_traces(folder: Path) -> bool:
    """Whether there is anything of a drill, a run or a sandbox in a state folder, alive or left; looks at names only.

    One that cannot be read has.
    """
    try:
        return any(one.name not in _OF_NO_DRILL for one in folder.iterdir()) or any(folder.glob(".kind/drills/*"))
    except FileNotFoundError:
        return False
    except OSError:
        return True
