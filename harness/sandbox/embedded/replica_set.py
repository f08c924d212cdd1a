"""The replicas of one version in one slot. Belongs to the daemon's event loop."""

import asyncio
import shutil
from dataclasses import dataclass

from harness.sandbox.embedded import limits
from harness.sandbox.embedded.replica import RunningReplica
from harness.units import Duration, Instant, counted


@dataclass(slots=True)
class ReplicaSet:
    """The replicas of one version."""

    version: str
    replicas: tuple[RunningReplica, ...]

    @property
    def ready(self) -> bool:
        """True when all are."""
        return all(replica.ready for replica in self.replicas)

    @property
    def crash_loops(self) -> bool:
        """True when a replica ended so often at its start that it will not come up by itself."""
        return any(len(one.crashes) >= limits.CRASHES for one in self.replicas)

    async def stop(self, grace: Duration) -> None:
        """Ends all, and removes what they had as their configuration: nothing secret stays behind."""
        await asyncio.gather(*(replica.stop(grace) for replica in self.replicas))
        for home in {replica.place.parent for replica in self.replicas}:
            await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)

    def hopeless(self, since: Instant) -> str:
        """How a replica ends that starts in vain although it had all it may depend on; empty while there is hope.

        Args:
            since: when all that was there.
        """
        for index, replica in enumerate(self.replicas):
            in_vain = [crash for crash in replica.crashes if crash.began >= since]
            if len(replica.crashes) >= limits.CRASHES and len(in_vain) >= limits.CRASHES_WITH_ALL_THERE:
                many = counted(len(replica.crashes), "time")
                return f"replica {index} ended {many} in a row before it was ready, at last it {in_vain[-1].end}"
        return ""

    def why(self) -> str:
        """How each replica that is not ready stands, in words."""
        waiting = (replica for replica in self.replicas if not replica.ready)
        return "; ".join(f"replica {one.report().index} {one.why()}" for one in waiting)
