"""Where the report's templates are, and the environment that renders them.

A wheel carries them inside the package (`harness/report/templates`); a checkout has them in
`reports/templates`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_PACKAGE: Final = Path(__file__).parent
_CHECKOUT: Final = _PACKAGE.parents[1] / "reports"


def assets(name: str) -> Path:
    """The folder `templates` or `schema`, wherever this package was installed from."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _CHECKOUT / name


@cache
def environment() -> Environment:
    """The Jinja environment: everything is escaped, and an unknown name is an error."""
    return Environment(
        loader=FileSystemLoader(assets("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
