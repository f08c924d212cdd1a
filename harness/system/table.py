"""What all tables of drill.toml share. Imports only pydantic."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

NAME_PATTERN: Final = r"^[a-z][a-z0-9-]{0,62}$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, description="lower case letters, digits and '-'")]


class Table(BaseModel):
    """A table of drill.toml: frozen, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
