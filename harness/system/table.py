"""What all tables of drill.toml share. Imports only pydantic and the floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import InitErrorDetails, PydanticCustomError

NAME_PATTERN: Final = r"^[a-z][a-z0-9-]{0,62}$"
PATH_PATTERN: Final = r"^/"
_SERVER_ERROR: Final = 500  # RFC 9110: from here on the server says that it failed

Name = Annotated[str, Field(pattern=NAME_PATTERN, description="lower case letters, digits and '-'")]
UrlPath = Annotated[str, Field(pattern=PATH_PATTERN, description="starts with '/'")]
Status = Annotated[int, Field(ge=100, le=599)]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Where = tuple[int | str, ...]
"""The keys and indexes that lead to a field."""


def _no_server_errors(found: tuple[int, ...]) -> tuple[int, ...]:
    """Refuses what would hide every failure.

    Raises:
        ValueError: a status says that the server failed.
    """
    errors = [status for status in found if status >= _SERVER_ERROR]
    if errors:
        raise ValueError(f"{errors[0]} says that the server failed, so it is no good answer to anything")
    return found


GoodStatuses = Annotated[tuple[Status, ...], AfterValidator(_no_server_errors)]


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
