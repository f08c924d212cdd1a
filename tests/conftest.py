"""Which tests run side by side: those of one file take turns, and so do all that use the cluster.

What is marked `alone` measures drills that need both cores; `make test` runs it by itself.
"""

from typing import Any, Final

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

collect_ignore: Final = ["unit/golden"]  # a drill that is kept there is of another system; it is judged, not run


if settings.get_current_profile_name() == "default":  # else who runs the tests has chosen one
    settings.register_profile("untimed", deadline=None)  # how long an example takes tells of the machine, not of us
    settings.load_profile("untimed")


class Turns(LoadScopeScheduling):  # type: ignore[misc]  # xdist publishes no types
    """Gives all tests of a group to one worker, the largest group first."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", maxsplit=1)[0]
        return "cluster" if any(word in nodeid for word in ("kind", "cluster")) else file


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much the tests in tests/fuzz try, and those of rollback scripts on a cluster."""
    group = parser.getgroup("fuzz", "damaged inputs")
    group.addoption(
        "--inputs", type=int, default=200, metavar="N", help="damaged inputs of each kind (make fuzz: 10000)"
    )
    parser.addoption(
        "--whole-corpus", action="store_true", help="every script for a cluster, in every scenario (make gate-cluster)"
    )
    group.addoption("--fuzz-seed", type=int, default=0, metavar="N", help="which damage is done")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Turns:
    """Tells pytest-xdist who takes turns."""
    return Turns(config, log)
