"""One service, no database."""
