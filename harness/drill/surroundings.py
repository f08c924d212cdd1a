"""What of a drill's environment its watchdog needs, to take back what others than the harness have done."""

from __future__ import annotations

from harness.faults.experiment import Experiment
from harness.faults.hindrance import Hindered
from harness.faults.model import Fault
from harness.sandbox.common.environment import named, of_tools


def surroundings(fault: Fault) -> dict[str, str]:
    """The environment in which a fault's undo is carried out, beside what the harness itself needs.

    The rollbacks of an experiment get what its method got, whoever runs them.
    """
    own = fault.fault if isinstance(fault, Hindered) else fault
    if not isinstance(own, Experiment):
        return {}
    return of_tools() | named((*own.names, *own.file.names, *own.file.secrets))
