"""Which drill can be shown where: what a sandbox lacks is said in words, and with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.sandboxes import A_CLUSTER, TWO_NODES, lacks
from harness.settings import Settings

ANYWHERE, CLUSTER, NODES = ("release",), ("kind",), ("kind", "two-nodes")


@pytest.mark.parametrize(
    ("sandbox", "nodes", "tags", "lack"),
    [
        ("embedded", 1, ANYWHERE, ""),
        ("embedded", 2, CLUSTER, A_CLUSTER),
        ("embedded", 2, NODES, A_CLUSTER),
        ("kind", 1, ANYWHERE, ""),
        ("kind", 1, CLUSTER, ""),
        ("kind", 1, NODES, TWO_NODES),
        ("kind", 2, NODES, ""),
        ("cluster", 1, CLUSTER, ""),
        ("cluster", 2, NODES, TWO_NODES),
    ],
)
def test_a_drill_is_shown_where_nothing_that_its_tags_name_is_lacking(
    sandbox: str, nodes: int, tags: tuple[str, ...], lack: str
) -> None:
    assert lacks(sandbox, tags, Settings(state_dir=Path("unused"), nodes=nodes)) == lack


@pytest.mark.parametrize("lack", [A_CLUSTER, TWO_NODES])
def test_what_is_lacking_is_told_with_what_to_do(lack: str) -> None:
    assert "--sandbox kind" in lack
