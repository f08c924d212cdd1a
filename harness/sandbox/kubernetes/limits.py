"""Every number of the sandboxes on Kubernetes, each with its reason. Imports only the floor."""

from typing import Final

from harness.units import Duration

CALL: Final = Duration.of(s=10)  # one API call; measured 2 to 20 ms, seconds while a small machine starts pods
CONNECT: Final = Duration.of(s=3)  # to the API server; milliseconds, unless it is gone
POLL: Final = Duration.of(ms=50)  # between two looks at the API: 2 ms each, so under 5 % of a core
HELM: Final = Duration.of(s=30)  # one helm command without --wait; measured 0.5 to 2 s
QUICK_TOOL: Final = Duration.of(s=10)  # commands that only look: version, iptables-save; measured below 0.2 s
TAIL_LINES: Final = 5  # of what a command or a container printed, in an error message
STOP_GRACE: Final = Duration.of(s=30)  # a batch's pods have this long to end: the default of Kubernetes
HISTORY: Final = 10  # revisions that Helm keeps: its own default
MOST_SURGE: Final = "25%"  # of a rolling update: more pods at a time than this would hit one node hard
BATCH: Final = Duration.of(s=60)  # one batch of a rolling update: a pod that starts in a second is broken after 60
GOING: Final = Duration.of(s=5)  # for pods that did not come up to be gone; beyond a deadline that may have passed
DELAY: Final = Duration.of(s=20)  # for a proxy to start and to be on the way: a pod takes about two seconds
LET_IN: Final = Duration.of(s=10)  # for Services to lead to other pods: each node's proxy follows within a second
DELAY_EXPIRES: Final = Duration.of(
    s=1800
)  # a proxy whose drill died holds nothing back after this; drills take minutes
SILENCE: Final = Duration.of(
    s=600
)  # without a beat of its drill, then a namespace ends: a watchdog that cannot reach the cluster tries for 300
