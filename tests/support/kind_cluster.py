"""The project's kind cluster, for tests that need a real one and make nothing but a namespace in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.sandbox.kind import cluster
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kubernetes import namespace
from harness.sandbox.kubernetes.api import Kube
from harness.settings import Settings
from tests.support.sandboxes import soon


def cluster_that_is_there() -> cluster.Cluster:
    """The cluster; without one the test is reported as not run, and fails in CI."""
    found = cluster.find(Settings().state_dir)
    if found is None:
        reason = "not run: there is no kind cluster; 'drill sandbox up kind' makes it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def namespace_of_test(found: cluster.Cluster, mark: Mark) -> Iterator[Kube]:
    """A namespace of its own, removed at the end."""
    kube = found.kube(mark.run)
    namespace.make(kube, mark.labels("namespace"))
    try:
        yield kube
    finally:
        namespace.remove(kube, soon(60))
        kube.close()
