"""A team's own rollback script as the rollback under test: a world of its own, what went wrong in it, and the judgement."""
