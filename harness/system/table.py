"""What all tables of drill.toml share. Imports only pydantic and the floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import InitErrorDetails, PydanticCustomError

NAME_PATTERN: Final = r"^[a-z][a-z0-9-]{0,62}$"
PATH_PATTERN: Final = r"^/"

Name = Annotated[str, Field(pattern=NAME_PATTERN, description="lower case letters, digits and '-'")]
UrlPath = Annotated[str, Field(pattern=PATH_PATTERN, description="starts with '/'")]
Status = Annotated[int, Field(ge=100, le=599)]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Where = tuple[int | str, ...]
"""The keys and indexes that lead to a field."""


class Table(BaseModel):
    """A table of drill.toml: frozen, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def problem(where: Where, found: Any, expected: str) -> InitErrorDetails:
    """A mistake that is seen only when the whole file is known, said where it stands."""
    return InitErrorDetails(
        type=PydanticCustomError("reference", "{expected}", {"expected": expected}), loc=where, input=found
    )


def unknown_services(named: Sequence[tuple[Where, str]], services: Mapping[str, object]) -> list[InitErrorDetails]:
    """A mistake for each place that names a service which there is not."""
    return [
        problem(where, service, f"there is no service {service!r}; expected one of {', '.join(services)}")
        for where, service in named
        if service not in services
    ]
