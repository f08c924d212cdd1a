"""Whether a container answers HTTP yet."""

import httpx

from harness.sandbox.kind import limits


def answers(url: str) -> bool:
    """True when a GET has a good answer."""
    try:
        return httpx.get(url, timeout=limits.HTTP.seconds, trust_env=False).is_success
    except httpx.TransportError:
        return False
