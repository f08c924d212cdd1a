"""The registry says which images there are, takes those of this machine, and can lose one on purpose."""

from collections.abc import Iterator

import pytest

from harness.errors import InputError, MayWorkLater, NotFound, Unavailable
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.publish import PublishedImages, forget
from harness.sandbox.kind.registry import Registry, ensure_registry
from tests.support.containers import cluster, docker, docker_network, free_port, image, new_name
from tests.support.sandboxes import echo, soon
from tests.support.tools import needs

pytestmark = needs("docker")


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with docker_network() as network, cluster() as name:
        made = ensure_registry(name, network=network, image=Images().registry, deadline=soon(20), port=free_port())
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def repository() -> str:
    return new_name()


def test_a_pushed_image_is_there(registry: Registry, repository: str) -> None:
    with image("one", f"{repository}:1.0.0"):
        assert not registry.has(f"{repository}:1.0.0")
        registry.push(f"{repository}:1.0.0", soon(30))
    assert registry.has(f"{repository}:1.0.0")
    assert not registry.has(f"{repository}:1.0.1")


def test_a_pushed_image_can_be_pulled_by_its_name_for_nodes(registry: Registry, repository: str) -> None:
    name = registry.name(f"{repository}:1.0.0")
    with image("one", f"{repository}:1.0.0"):
        registry.push(f"{repository}:1.0.0", soon(30))
        assert name not in docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
        docker("pull", "--quiet", name)
        docker("image", "rm", "--no-prune", name)


def test_tags_are_listed_in_order(registry: Registry, repository: str) -> None:
    names = [f"{repository}:{version}" for version in ("2.0.0", "1.0.0")]
    with image("one", *names):
        for name in names:
            registry.push(name, soon(30))
    assert registry.tags(repository) == ("1.0.0", "2.0.0")
    assert registry.tags(new_name()) == ()


def test_a_deleted_tag_is_gone_and_others_of_the_same_image_stay(registry: Registry, repository: str) -> None:
    names = [f"{repository}:{version}" for version in ("1.0.0", "2.0.0", "3.0.0")]
    with image("one", *names[:2]), image("other", names[2]):
        for name in names:
            registry.push(name, soon(30))
        registry.delete(names[0])
        assert registry.tags(repository) == ("2.0.0", "3.0.0")
        assert [registry.has(name) for name in names] == [False, True, True]
        docker("pull", "--quiet", registry.name(names[1]))
        docker("image", "rm", "--no-prune", registry.name(names[1]))


def test_deleting_what_is_not_there_changes_nothing(registry: Registry, repository: str) -> None:
    registry.delete(f"{repository}:1.0.0")
    assert registry.tags(repository) == ()


def test_a_deleted_image_can_be_pushed_again(registry: Registry, repository: str) -> None:
    with image("one", f"{repository}:1.0.0"):
        registry.push(f"{repository}:1.0.0", soon(30))
        registry.delete(f"{repository}:1.0.0")
        registry.push(f"{repository}:1.0.0", soon(30))
    assert registry.has(f"{repository}:1.0.0")


def test_an_image_that_docker_does_not_have_is_named(registry: Registry, repository: str) -> None:
    with pytest.raises(Unavailable, match=rf"no image {repository}:1.0.0"):
        registry.push(f"{repository}:1.0.0", soon())


def test_what_the_registry_refuses_is_told(repository: str) -> None:
    nobody = Registry(free_port())
    with image("one", f"{repository}:1.0.0"), pytest.raises(Unavailable, match=r"pushing .*refused"):
        nobody.push(f"{repository}:1.0.0", soon(30))
    nobody.close()


def test_a_registry_that_does_not_answer_may_work_later() -> None:
    nobody = Registry(free_port())
    with pytest.raises(MayWorkLater, match="does not answer"):
        nobody.has("tracktion:2.4.0")
    nobody.close()


@pytest.mark.parametrize("name", ["tracktion", "tracktion:", "Tracktion:1", "other.host:5000/x:1", ""])
def test_what_is_no_image_with_a_tag_is_the_callers_mistake(registry: Registry, name: str) -> None:
    with pytest.raises(InputError, match="not the name of an image"):
        registry.has(name)


def test_images_outlive_the_registrys_container(repository: str) -> None:
    port = free_port()
    with docker_network() as network, cluster() as name, image("one", f"{repository}:1.0.0"):
        first = ensure_registry(name, network=network, image=Images().registry, deadline=soon(20), port=port)
        first.push(f"{repository}:1.0.0", soon(30))
        first.close()
        docker("rm", "--force", "--volumes", f"{name}-registry")
        second = ensure_registry(name, network=network, image=Images().registry, deadline=soon(20), port=port)
        assert second.has(f"{repository}:1.0.0")
        second.close()


def test_an_image_has_another_name_in_another_repository_and_each_goes_by_itself(
    registry: Registry, repository: str
) -> None:
    names = f"{repository}:1.0.0", f"drill/{repository}:again"
    with image("one", names[0]):
        registry.push(names[0], soon(30))
    for _ in range(2):
        registry.copy(*names)
    assert registry.digest(names[1]) == registry.digest(names[0])
    assert registry.repositories("drill") == (f"drill/{repository}",)
    registry.delete(names[0])
    docker("pull", "--quiet", registry.name(names[1]))
    docker("image", "rm", registry.name(names[1]))
    with pytest.raises(NotFound):
        registry.copy(*names)


def test_what_a_drill_takes_away_is_missing_for_it_alone_until_it_is_given_back(
    registry: Registry, repository: str
) -> None:
    model = echo()
    own = model.on_kubernetes.model_copy(update={"image": f"{repository}:{{version}}"})
    model = model.model_copy(update={"kubernetes": own})  # the images of others are not to be taken away
    names = [model.image("echo", version) for version in ("1.0.0", "2.0.0")]
    with image("one", names[0]), image("other", names[1]):
        for name in names:
            registry.push(name, soon(30))
    one, again, other = (PublishedImages(model, registry, drill) for drill in ("drill-1", "drill-1", "drill-2"))

    def seen(images: PublishedImages) -> list[bool]:
        return [images.has("echo", version, soon(10)) for version in ("1.0.0", "2.0.0")]

    for _ in range(2):
        one.remove("echo", "1.0.0", soon(10))
        assert (seen(one), seen(again), seen(other)) == ([False, True], [False, True], [True, True])
    assert one.reference("echo", "1.0.0") == registry.name(f"drill-1/{names[0]}"), "what no node can pull"
    docker("pull", "--quiet", one.reference("echo", "2.0.0"))
    docker("image", "rm", one.reference("echo", "2.0.0"))
    for _ in range(2):
        again.restore("echo", "1.0.0", soon(10))
        assert seen(one) == [True, True]
    one.remove("echo", "2.0.0", soon(10))
    forget(registry, "drill-1")
    assert seen(one) == [True, True]
    assert one.reference("echo", "2.0.0") == other.reference("echo", "2.0.0")
