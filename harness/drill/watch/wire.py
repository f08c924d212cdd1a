"""What a drill and its watchdog say to each other: one message a packet, over a pair of sockets.

Nothing of it needs a disk, so it works while one is full. Imports only the standard library.
"""

from __future__ import annotations

from typing import Final

# From the drill
BEAT: Final = b"beat"  # it lives; answered by the same
UNDO: Final = b"undo "  # the list that takes everything back from now on, as JSON
BYE: Final = b"bye"  # everything has been taken back: nobody is needed any more
YOURS: Final = b"yours "  # take everything back, for this reason; the drill does nothing any more
SEEN: Final = b"seen"  # it has heard that its lease was taken, and does nothing any more

# From the watchdog
HERE: Final = b"here"  # it holds the lock and waits
TAKEN: Final = b"taken "  # the lease was taken, for this reason: the drill must not act any more
OVER: Final = b"over "  # everything was taken back, but for what is left: a JSON list of sentences

MOST_BYTES: Final = 1 << 18  # of a message; an undo list of a hundred operations has 20,000
TICK: Final = 0.5  # seconds between two beats: each costs both ends less than 0.1 ms
LOOKS: Final = 10  # without a beat, in a row; on two busy processors a thread waits a second for its turn, not five
LEASE: Final = TICK * LOOKS  # seconds
