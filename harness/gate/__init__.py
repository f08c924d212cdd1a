"""A team's own rollback script as the rollback under test: tried in worlds of its own, judged from outside."""
