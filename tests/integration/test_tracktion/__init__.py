"""The sample system on a real PostgreSQL, called from outside as its clients do."""
