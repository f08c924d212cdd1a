"""Every number of the gate, each with its reason. Imports only the floor."""

from dataclasses import dataclass
from typing import Final

from harness.units import Duration

TOLD: Final = Duration.of(s=15)  # the deadline that a script is told; the world is small: a good one takes 0.2 to 4 s
DEADLINE: Final = Duration.of(
    s=20
)  # when it is killed: who ends at the instant it was told must not be killed by chance
RTO: Final = Duration.of(s=20)  # from the script's start until clients of the target release are served for good
RPO: Final = Duration.of(s=300)  # as a drill's default
SERVER_START: Final = Duration.of(s=20)  # 0.2 s on a quiet machine
SERVER_STOP: Final = Duration.of(s=5)  # from SIGQUIT; milliseconds
TOOL: Final = Duration.of(s=60)  # initdb and pg_dump of a small database take about a second
CONNECT: Final = Duration.of(s=5)  # of a session of the gate, on a socket of this machine
STATEMENT: Final = Duration.of(s=10)  # of a look at a small database
ENCLOSED: Final = Duration.of(s=10)  # until a script's enclosure is ready; 50 ms on a quiet machine
KILLED: Final = Duration.of(s=5)  # from SIGKILL to the end of a process
WARM: Final = Duration.of(s=10)  # until writes and requests of the load are answered; 0.1 s on a quiet machine
ENOUGH_ANSWERS: Final = 5  # good answers of the old release before the script starts: there is load
SETTLE: Final = Duration.of(s=5)  # after a script's end, until clients are served; a pool connects again within 1 s
SUSTAIN: Final = 5  # good answers in a row, one each period, that count as being served
WRITE_EVERY: Final = Duration.of(ms=40)  # 25 writes a second: each fraction of a second shows in the ledger
ASK_EVERY: Final = Duration.of(ms=40)  # likewise for requests
CLIENT: Final = Duration.of(s=1)  # a client's patience with one statement; an outage is told as precisely as twice that
OUTAGE_ALLOWED: Final = Duration.of(s=11)  # while a script waits for a lock and then refuses: at most 10 s
CONNECT_AGAIN: Final = Duration.of(s=1)  # a pool's pause before it opens a session anew
LINGER: Final = Duration.of(s=3)  # for a session to end after its client: milliseconds, but on a busy machine
PIPES: Final = Duration.of(s=2)  # for what reads a script's output, such as tee, to end after it, on a busy machine
ORPHANS: Final = Duration.of(s=3)  # for sessions of a killed script to end; then they count as held
BACK_AFTER: Final = Duration.of(s=1)  # a database that goes away is back: a fast restart
SERVICE_START: Final = Duration.of(s=6)  # until a service is healthy; 0.1 s on a quiet machine
SLOW: Final = Duration.of(ms=15)  # added to each message to and from the database: one in another region
SCRATCH_BYTES: Final = 4096  # of the full scratch disk: one page; less than any backup or archive needs
CRITICAL_KILLS: Final = 8  # instants right after a change to what serves, of commands and of statements each
OTHER_KILLS: Final = 2  # of the others, of each
CRITICAL_CUTS: Final = 6  # instants after a change at which the database goes away, beside the middle and the end
TIMED_KILLS: Final = (0.15, 0.35, 0.55, 0.75, 0.9)  # of the time that the plain run took
# In a cluster
CLUSTER_TOLD: Final = Duration.of(s=120)  # as TOLD; a rollout takes 4 s on a quiet machine, 20 s on a busy one
CLUSTER_DEADLINE: Final = Duration.of(s=130)  # as DEADLINE; what a script waits for there ends by itself more slowly
CLUSTER_RTO: Final = Duration.of(s=120)  # as RTO: within what the script is told
CLUSTER_UP: Final = Duration.of(s=120)  # for a namespace with all its pods; 6 s on a quiet machine
CLUSTER_SETTLE: Final = Duration.of(s=10)  # for each node's proxy to follow a rollout that has ended, on a busy machine
API_SLOW: Final = Duration.of(ms=300)  # added to each call of the cluster's API; 5 ms on a quiet machine
API_CUTS: Final = 4  # changes in the cluster after which its API goes away
CALL_KILLS: Final = 6  # changes in the cluster at which a script is killed; Helm makes about so many
CLUSTER_LANES: Final = 2  # cases at once: each has seven pods, which start all together
TOKEN: Final = Duration.of(s=3600)  # of a script's account; the least that Kubernetes gives is ten minutes


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a script may take."""

    told: Duration = TOLD
    deadline: Duration = DEADLINE
    rto: Duration = RTO


IN_A_CLUSTER: Final = Pace(CLUSTER_TOLD, CLUSTER_DEADLINE, CLUSTER_RTO)
