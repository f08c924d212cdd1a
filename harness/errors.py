"""Errors, in two families that a caller can act on.

    DrillError
    ├── WillNotWork          asking again gives the same answer: change the input or the machine
    │   ├── UsageError           exit 64: the command line is wrong
    │   ├── InputError           exit 65: a feature, a journal or another input is wrong
    │   ├── NotFound             exit 66: a file, a run, a release is not there
    │   ├── Unavailable          exit 69: something this machine needs is missing or will not start
    │   │   ├── CrashLoop            a replica ends again and again at its start
    │   │   └── ExperimentFailed     an activity of an experiment of Chaos Toolkit failed
    │   ├── CannotCreate         exit 73: no permission or no room to write
    │   ├── ConfigurationError   exit 78: drill.toml is wrong
    │   └── InternalError        exit 70: a promise of our own code was broken
    └── MayWorkLater         exit 75: the same call may succeed in a moment
        └── DeadlineExceeded     a condition did not come true in time

The exit codes are those of sysexits.h. A message says what happened, where, what was expected and what to do.
This module is part of the floor and imports nothing.
"""


class DrillError(Exception):
    """The root of all errors that this project raises on purpose."""

    exit_code = 70


class WillNotWork(DrillError):  # noqa: N818 - the families are named by what a caller can do
    """The same call will fail again until somebody changes something."""


class UsageError(WillNotWork):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = 64


class InputError(WillNotWork):
    """A feature file, a journal or another input is not what it should be."""

    exit_code = 65


class NotFound(WillNotWork):
    """A named file, run, service, release or context is not there."""

    exit_code = 66


class Unavailable(WillNotWork):
    """Something this machine needs is missing, taken, or will not start."""

    exit_code = 69


class CrashLoop(Unavailable):
    """A replica of a service ends again and again at its start, and nothing is to come that it could be waiting for."""


class ExperimentFailed(Unavailable):
    """An activity of an experiment of Chaos Toolkit failed, whatever the status of the whole says."""


class InternalError(WillNotWork):
    """A promise of our own code was broken; this is a bug of the project."""

    exit_code = 70


class CannotCreate(WillNotWork):
    """A file or folder cannot be written."""

    exit_code = 73


class ConfigurationError(WillNotWork):
    """The description of the system (drill.toml) is wrong."""

    exit_code = 78


class MayWorkLater(DrillError):  # noqa: N818 - see WillNotWork
    """The same call may succeed in a moment; who calls decides how long to try."""

    exit_code = 75


class DeadlineExceeded(MayWorkLater):
    """A condition did not come true before its deadline."""


class Interrupted(KeyboardInterrupt):
    """Not an error: somebody ends the command, and the message says what became of what it had begun.

    With `at_once` the process ends without waiting for anything that it has begun.
    """

    at_once = False
