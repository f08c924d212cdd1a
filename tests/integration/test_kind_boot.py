"""After a boot Docker gives addresses anew. A cluster whose node got another one answers again all the same."""

from pathlib import Path

from harness.sandbox.kind import cluster, nodes
from harness.sandbox.kind.containers import Container
from harness.sandbox.kind.which import Which
from tests.support.containers import docker, marked, new_name, shell
from tests.support.sandboxes import soon
from tests.support.tools import needs

pytestmark = needs("docker", "kind")


def test_a_cluster_whose_node_got_another_address_answers_again(tmp_path: Path) -> None:
    which = Which(new_name())
    try:
        made = cluster.find_or_make(tmp_path, soon(120), which)
        [node] = made.nodes
        docker("stop", "--time=0", node)
        with marked() as mark:
            taken = Container.start(shell("sleep 600", mark, nodes.NETWORK), soon(20))
            docker("start", node)
            found = cluster.find_or_make(tmp_path, soon(200), which)
            assert found.node not in (made.node, taken.ip)
            assert cluster.find(tmp_path, which) == found
    finally:
        cluster.delete(tmp_path, soon(60), which)
