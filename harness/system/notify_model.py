"""The tables of drill.toml that say who is told when a rollback begins and ends, and where secrets are found."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr, model_validator

from harness.errors import ConfigurationError
from harness.secrecy import learn
from harness.settings import environment
from harness.system.table import Name, Table

PAGERDUTY: Final = "https://events.pagerduty.com/v2/enqueue"  # PagerDuty's Events API v2
_LONGEST: Final = 4096  # characters: a key or an address is much shorter, another file is not


class Way(StrEnum):
    """How a receiver is told."""

    SLACK = "slack"
    PAGERDUTY = "pagerduty"
    WEBHOOK = "webhook"


def web_address(address: str) -> str:
    """An address, if it is one of the web.

    Raises:
        ValueError: it is none.
    """
    if not address.startswith(("http://", "https://")):
        raise ValueError("expected an address that begins with http:// or https://")
    return address


class SecretFrom(Table):
    """Where a secret is found: it is never written into drill.toml itself."""

    env: str | None = Field(default=None, min_length=1, description="name of an environment variable")
    file: str | None = Field(default=None, min_length=1, description="a file that holds nothing else")

    @model_validator(mode="after")
    def _is_one(self) -> SecretFrom:
        if (self.env is None) == (self.file is None):
            raise ValueError("name either 'env' or 'file'")
        return self

    def read(self, root: Path) -> SecretStr:
        """The secret, masked from now on; a file's path starts at `root`.

        Raises:
            ConfigurationError: it is not there, or empty; says where it should be.
        """
        if self.env is not None:
            found = environment(self.env)
            where = f"the environment variable {self.env}"
        else:
            path = root / (self.file or "")
            where = f"the file {path}"
            try:
                found = path.read_text(encoding="utf-8")[:_LONGEST]
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(
                    f"{where} cannot be read: {getattr(error, 'strerror', None) or error}"
                ) from None
        if not found or not found.strip():
            raise ConfigurationError(f"{where} is {'empty' if found else 'not set'}; a secret is expected there")
        learn(found.strip())
        return SecretStr(found.strip())


class Receiver(Table):
    """Who is told: a Slack channel, a PagerDuty service, or anything that takes JSON."""

    name: Name
    way: Way
    url: Annotated[str, AfterValidator(web_address)] | None = Field(
        default=None, description="where notices go; PagerDuty's own where nothing is said"
    )
    escalation: bool = Field(default=False, description="is told only when an emergency did not end in its time")
    secret: SecretFrom | None = Field(
        default=None, description="PagerDuty's routing key, or the address itself where that is the secret"
    )

    @model_validator(mode="after")
    def _can_be_told(self) -> Receiver:
        if self.way is Way.PAGERDUTY and self.secret is None:
            raise ValueError('PagerDuty needs its routing key: secret = { env = "..." }')
        if self.way is not Way.PAGERDUTY and (self.url is None) == (self.secret is None):
            raise ValueError("say where notices go: either 'url', or 'secret' where the address must not be seen")
        return self
