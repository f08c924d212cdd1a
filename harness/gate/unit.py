"""What `systemctl` does in a world: asks the gate, which runs the service. A program; it imports nothing of ours.

Arguments: the port on which the gate listens, and those of systemctl.
"""

import socket
import sys

WITHIN = 30  # seconds; the gate answers sooner, also where a service does not start


def main() -> int:
    """Does it; the exit code."""
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), WITHIN) as to:
        to.sendall(("\0".join(sys.argv[2:]) + "\n").encode())
        answer = to.makefile(encoding="utf-8").read()
    code, _, text = answer.partition(" ")
    if text:
        print(text, file=sys.stderr if text.startswith("Failed") else sys.stdout)
    return int(code or 1)


if __name__ == "__main__":
    sys.exit(main())
