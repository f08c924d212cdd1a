"""One service over a database, with a ledger."""
