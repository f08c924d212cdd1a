"""Which tests run side by side: those of one file take turns, and so do all that use the cluster.

What is marked `alone` measures drills that need both cores; `make test` runs it by itself.
"""

import pytest

CLUSTER = "cluster"


def group_of(item: pytest.Item) -> str:
    """The name of those it takes turns with."""
    return CLUSTER if any(word in item.nodeid for word in ("kind", "cluster")) else item.path.stem


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups the tests for the workers of pytest-xdist; those on the cluster, which take longest, begin."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: group_of(item) != CLUSTER)
