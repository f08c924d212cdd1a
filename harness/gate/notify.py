"""Runs a command so that the gate is asked before each change to files: seccomp(2), user notification. A program.

Arguments: the number of a socket, and the command. It sends through the socket a descriptor on which the kernel asks,
or a word that says why there is none; then it becomes the command. It imports nothing of ours, so it starts quickly.
"""

import ctypes
import os
import platform
import socket
import sys

CREATES = 0x240  # O_CREAT | O_TRUNC
WATCHED = {
    "x86_64": (
        0xC000003E,
        # By its number: which argument says how a file is opened, None where the call always changes something.
        {
            2: 1, 257: 2,  # open, openat
            76: None, 82: None, 83: None, 84: None, 85: None, 86: None, 87: None, 88: None, 90: None,
            258: None, 263: None, 264: None, 265: None, 266: None, 268: None, 316: None,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {56: 2, 34: None, 35: None, 36: None, 37: None, 38: None, 45: None, 53: None, 276: None},
    ),
}  # fmt: skip
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # of a BPF program: words, jumps, the end
_ASK, _ALLOW = 0x7FC00000, 0x7FFF0000
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # where they stand in struct seccomp_data
_SET_FILTER, _NEW_LISTENER = 1, 8
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_NO_NEW_PRIVILEGES = 38


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


def program(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter: of each call that changes files the gate is asked, all else goes on."""
    mark, calls = WATCHED[machine]
    asked = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, mark), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, _NUMBER)]
    for number, flags in calls.items():
        if flags is None:
            asked += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ASK)]
        else:
            asked += [
                (_EQUAL, 0, 4, number),
                (_LOAD, 0, 0, _ARGUMENTS + 8 * flags),
                (_ANY_BIT, 0, 1, CREATES),
                (_RETURN, 0, 0, _ASK),
                (_RETURN, 0, 0, _ALLOW),
            ]
    return [*asked, (_RETURN, 0, 0, _ALLOW)]


def listener() -> int:
    """Sets the filter for this process and all that it starts; the descriptor on which the kernel asks.

    Raises:
        OSError: this kernel, or who set up this machine, does not allow it.
    """
    machine = platform.machine()
    if machine not in WATCHED:
        raise OSError(f"{machine} is not known")
    libc = ctypes.CDLL(None, use_errno=True)
    lines = program(machine)
    body = (_Instruction * len(lines))(*(_Instruction(*one) for one in lines))
    whole = _Program(len(lines), body)
    for privileges in (False, True):
        # Who may administer the machine needs no promise that sudo and the like are given up.
        if privileges:
            libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        found = int(libc.syscall(_SECCOMP[machine], _SET_FILTER, _NEW_LISTENER, ctypes.byref(whole)))
        if found >= 0:
            return found
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))


def main() -> None:
    """Does it."""
    to, command = socket.socket(fileno=int(sys.argv[1])), sys.argv[2:]
    try:
        asks = listener()
    except OSError as error:
        to.sendall(str(error).encode()[:100])
    else:
        socket.send_fds(to, [b"asks"], [asks])
        os.close(asks)
    to.close()
    os.execvp(command[0], command)  # noqa: S606 - the script under test


if __name__ == "__main__":
    main()
