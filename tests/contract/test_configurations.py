"""What every sandbox promises of what a replica was given as its configuration."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from harness.clock import utc_now, wait_for
from harness.sandbox.embedded.client import EmbeddedSandbox
from harness.system.releases import config_of, digests
from harness.system.values import Slot
from tests.contract.conftest import Subject
from tests.support.sandboxes import soon

if TYPE_CHECKING:
    from harness.sandbox.kubernetes.system import KubernetesSystem

OTHER = "# by hand\n"


def release(subject: Subject, version: str) -> dict[str, str]:
    """The files of a release's configuration."""
    folder = config_of(subject.model, version)
    assert folder is not None
    return digests(folder)


def write_by_hand(subject: Subject, file: str, text: str) -> None:
    """Writes a file where the replicas of blue have their configuration, behind the back of whoever deployed it."""
    if isinstance(subject.system, EmbeddedSandbox):
        place = subject.system.folder.services / f"{subject.service}-blue"
        for folder in place.glob("*/*"):
            (folder / file).write_text(text, encoding="utf-8")
        return
    system: KubernetesSystem = subject.system  # type: ignore[assignment]  # the other sandbox there is
    name = f"{subject.service}-blue"
    pods = system.kube.call(system.kube.core.list_namespaced_pod, system.kube.namespace).items
    running = [one.state.running for pod in pods for one in pod.status.container_statuses or () if one.state.running]
    next_second = max(one.started_at for one in running) + timedelta(seconds=1)  # the cluster's clock knows no less
    wait_for(lambda: utc_now() >= next_second, soon(), "the second after the last start")
    system.kube.call(system.kube.core.patch_namespaced_config_map, name, system.kube.namespace, {"data": {file: text}})


def test_each_replica_has_the_files_of_its_release(subject: Subject) -> None:
    workloads = subject.system.workloads
    workloads.deploy(subject.service, Slot.GREEN, subject.next, soon(60))
    for slot, version in ((Slot.BLUE, subject.current), (Slot.GREEN, subject.next)):
        found = workloads.configurations(subject.service, slot, soon())
        assert [one.files for one in found] == [release(subject, version)] * len(
            workloads.replicas(subject.service, slot)
        )
        assert {one.changed for one in found} == {False}


def test_a_slot_without_replicas_has_no_configuration(subject: Subject) -> None:
    assert subject.system.workloads.configurations(subject.service, Slot.GREEN, soon()) == ()


def test_a_file_that_is_written_by_hand_is_seen_and_whether_the_replica_started_with_it(subject: Subject) -> None:
    workloads = subject.system.workloads
    write_by_hand(subject, "by-hand.toml", OTHER)
    expected = release(subject, subject.current) | {"by-hand.toml": hashlib.sha256(OTHER.encode()).hexdigest()}
    for changed in (True, False):
        found = workloads.configurations(subject.service, Slot.BLUE, soon())
        assert {tuple(one.files.items()) for one in found} == {tuple(sorted(expected.items()))}
        assert {one.changed for one in found} == {changed}
        workloads.hold_down(subject.service, Slot.BLUE, soon(60))
        workloads.let_start(subject.service, Slot.BLUE)
        workloads.deploy(subject.service, Slot.BLUE, subject.current, soon(60))
