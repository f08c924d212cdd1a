"""The images of the containers, by the names that `make images` pulls or builds them under."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Images:
    """One version of each; never the latest, so that a drill of today can be run again."""

    postgres: str = "postgres:17"
    redis: str = "redis:8"
    registry: str = "registry:2"
    prometheus: str = "prom/prometheus:v2.53.3"
    pushgateway: str = "prom/pushgateway:v1.11.0"
