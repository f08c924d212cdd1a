"""An API of somebody else's that services are told of goes away, or answers late, before a rollback and during it.

Beside another fault it stands in the way of its rollback, which must end well all the same. Alone it is a fault, which
clients feel where a service cannot do without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.data import FeltAnywhere
from harness.faults.model import Scene
from harness.faults.reach import Serving
from harness.journal.undo import Undo
from harness.journal.undo_configuration import AnswerAgain
from harness.system.disturbing_ports import ExternalApi
from harness.system.values import Replica
from harness.units import Duration

LEAST_SLOW: Final = Duration.of(s=6)  # a rollback gives a connection 3 s, so from here on it surely does not wait
GIVEN: Final = "say 'Given services are told of an external API', on the embedded sandbox"


@dataclass(frozen=True, slots=True)
class ExternalApiDown:
    """It refuses every connection; or it answers, but only `after` a while."""

    after: Duration | None = None

    service = None

    def __post_init__(self) -> None:
        """Refuses what a rollback may still wait for."""
        if self.after is not None and self.after < LEAST_SLOW:
            raise InputError(
                f"an external API that answers after {self.after} may be waited for; expected {LEAST_SLOW} or more"
            )

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the external API {'is down' if self.after is None else f'answers only after {self.after}'}"

    def undo(self, scene: Scene) -> Undo:
        """It answers, and at once."""
        if problem := self.api(scene).problem():
            raise InputError(f"{self.title}: that could have no effect, because even before that {problem}")
        return AnswerAgain()

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:  # noqa: ARG002 - instant
        """Takes it away, and looks from outside whether it is gone.

        Raises:
            InputError: it is not, so the drill would show nothing.
        """
        api = self.api(scene)
        if self.after is None:
            api.refuse()
        else:
            api.answer(self.after)
        if not api.problem():
            raise InputError(f"{self.title}: that had no effect, because it still answers")

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - whoever serves
        """None."""
        return frozenset()

    def api(self, scene: Scene) -> ExternalApi:
        """The port ExternalApi.

        Raises:
            InputError: the sandbox has none.
        """
        if scene.system.external_api is None:
            raise InputError(f"{self.title}: there is none; {GIVEN}")
        return scene.system.external_api


@dataclass(frozen=True, slots=True)
class NoExternalApi(FeltAnywhere):
    """Nothing but the external API is gone."""

    how: ExternalApiDown

    @property
    def title(self) -> str:
        """What is broken."""
        return self.how.title

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that cannot do without the external API"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """It answers, and at once."""
        return (self.how.undo(scene),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Takes it away."""
        self.how.put(scene, undo[0], deadline)

    def took_hold(self, scene: Scene) -> str:
        """Bad answers, and what becomes of a request to it."""
        proof = self.seen(scene)
        problem = self.how.api(scene).problem() if proof else ""
        return f"{proof}; of the external API it is seen from outside that {problem}" if problem else ""
