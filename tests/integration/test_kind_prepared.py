"""The image with a database cluster is made once, holds no password, and goes when it is told to."""

from collections.abc import Iterator

import pytest

from harness.errors import Unavailable
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kind.prepared import CLUSTER, prepared, remove_prepared
from tests.support.containers import docker, image, left_of, marked, new_name
from tests.support.sandboxes import soon
from tests.support.tools import needs

pytestmark = needs("docker")


@pytest.fixture
def mark() -> Iterator[Mark]:
    with marked() as made:
        yield made


def identity(name: str) -> str:
    return docker("image", "inspect", "--format", "{{.Id}}", name)


def test_it_is_made_once_and_nothing_else_is_left(mark: Mark) -> None:
    first = prepared(Images().postgres, mark, soon(60))
    made = identity(first)
    assert prepared(Images().postgres, mark, soon()) == first
    assert identity(first) == made
    assert left_of(mark) == []


def test_nobody_has_a_password_in_it(mark: Mark) -> None:
    name = prepared(Images().postgres, mark, soon(60))
    ask = "SELECT count(*) FROM pg_authid WHERE rolpassword IS NOT NULL"
    as_server = "setpriv --reuid=postgres --regid=postgres --init-groups"
    run = f"echo '{ask}' | {as_server} postgres --single -D {CLUSTER} postgres"
    assert 'count = "0"' in docker("run", "--rm", "--entrypoint", "sh", name, "-c", run)


def test_removing_them_leaves_those_that_are_used(mark: Mark) -> None:
    name = prepared(Images().postgres, mark, soon(60))
    user = new_name()
    docker("run", "--detach", "--name", user, "--entrypoint", "sleep", name, "60")
    try:
        remove_prepared(soon())
        assert docker("images", "--quiet", name)
    finally:
        docker("rm", "--force", "--volumes", user)
    remove_prepared(soon())
    assert not docker("images", "--quiet", name)


def test_an_image_that_has_no_postgresql_is_told_with_its_last_words(mark: Mark) -> None:
    other = f"{new_name()}:1"
    with (
        image("no database", other),
        pytest.raises(Unavailable, match=r"ended with \d+ before a database cluster was made:\n.*postgres"),
    ):
        prepared(other, mark, soon(20))
    assert left_of(mark) == []
