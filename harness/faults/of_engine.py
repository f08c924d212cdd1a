"""What befalls the rollback engine itself while it works. The system is left alone, so nothing is to be taken back."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import InputError


@dataclass(frozen=True, slots=True)
class EngineKilled:
    """The process of the engine is killed once it has recorded so many steps, and another one resumes the rollback."""

    after: int

    def __post_init__(self) -> None:
        """Refuses what is no step."""
        if self.after < 1:
            raise InputError(
                f"an engine can be killed after its first step or a later one, not after step {self.after}"
            )

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the engine is killed after step {self.after} of the rollback, which is then resumed"


@dataclass(frozen=True, slots=True)
class SecondRollback:
    """Somebody else starts the same rollback while it is under way, and must be refused, and told who is at it."""

    @property
    def title(self) -> str:
        """The condition in words."""
        return "a second rollback is started at the same time"


OfEngine = EngineKilled | SecondRollback
