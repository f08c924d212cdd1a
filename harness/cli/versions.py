"""Reads SERVICE=VERSION, as options name releases."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import UsageError


def of_services(texts: Sequence[str], option: str) -> dict[str, str]:
    """The version of each service.

    Raises:
        UsageError: a text is none, or a service is named twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        service, _, version = text.partition("=")
        if not service or not version:
            raise UsageError(f"{option} {text!r}: expected SERVICE=VERSION, such as web=2.4.0")
        if service in found:
            raise UsageError(f"{option}: {service} is named twice, with {found[service]} and {version}")
        found[service] = version
    return found
