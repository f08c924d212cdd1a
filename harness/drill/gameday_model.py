"""The file of a game day: what is drilled in which order, what runs side by side, and where people are waited for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from harness.system.blackout import Blackout
from harness.system.load import load_file
from harness.system.notify_model import Receiver
from harness.system.table import Table
from harness.units import Duration


class Drills(Table):
    """Drills of one step, run one after the other, as `drill run` does."""

    features: tuple[str, ...] = Field(min_length=1, description="feature files or folders, as `drill run` takes them")
    tag: str | None = Field(default=None, min_length=1, description="only scenarios with these tags")
    sandbox: str = Field(default="embedded", min_length=1, description="embedded, kind or cluster")
    system: str | None = Field(
        default=None, min_length=1, description="the drill.toml; the nearest where none is named"
    )


class Pause(Table):
    """Where people are waited for: at the terminal, or for a file that one of them makes."""

    ask: str = Field(min_length=1, description="what they are asked")
    approval: str | None = Field(default=None, min_length=1, description="a file; that it is made goes on")
    within: Duration = Field(default=Duration.of(s=1800), description="without an answer the game day stops then")


class Step(Table):
    """Drills, all tables of them side by side; or a pause."""

    title: str = Field(min_length=1)
    drills: tuple[Drills, ...] = ()
    pause: Pause | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if bool(self.drills) == (self.pause is not None):
            raise ValueError("expected either [[steps.drills]] or a pause")
        return self


class GameDay(Table):
    """A game day."""

    name: str = Field(min_length=1)
    budget: Duration = Field(default=Duration.of(s=7200), description="no step begins when it is used up")
    stop_on: Literal["failure", "abort", "never"] = Field(
        default="failure",
        description="what keeps the steps after it from being run: a drill that did not end as expected, one that was"
        " aborted or could not be run, or nothing",
    )
    blackouts: tuple[Blackout, ...] = Field(default=(), description="no step begins in them")
    notify: tuple[Receiver, ...] = Field(default=(), description="who is told when it begins, when it ends, and how")
    steps: tuple[Step, ...] = Field(min_length=1)


def load_game_day(path: Path) -> GameDay:
    """What the file of a game day describes.

    Raises:
        NotFound: there is no such file.
        ConfigurationError: it describes none; one line for each mistake.
    """
    return load_file(path, GameDay, "a game day needs its order of steps; docs/game-days.md shows one")
