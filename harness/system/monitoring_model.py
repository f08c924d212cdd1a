"""The table of drill.toml that says where a rollback by hand, or one without a person, is told to monitoring."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from harness.system.notify_model import SecretFrom, web_address
from harness.system.table import Table

Url = Annotated[str, AfterValidator(web_address)]


class Monitoring(Table):
    """Whom to tell; nobody where nothing is said."""

    pushgateway: Url | None = Field(default=None, description="a Pushgateway, which counts service_rollback_total")
    annotations: Url | None = Field(default=None, description="where annotations are posted, as Grafana takes them")
    token: SecretFrom | None = Field(default=None, description="bearer token for annotations")
