"""One PostgreSQL for all of these tests, and a fresh seeded database for each."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from .stage import TRACKTION, Postgres, run_script


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture
def database(postgres: Postgres) -> str:
    return postgres.copy()


@pytest.fixture
def migrated_for(database: str) -> Callable[[str], None]:
    """Bring the test's database to the schema that a release wants."""

    def migrate(release: str) -> None:
        if release == "2.6.0":
            with psycopg.connect(database, autocommit=True) as session:
                run_script(session, TRACKTION / "migrations" / "2.4.0_to_2.6.0.sql")

    return migrate
