"""Mutation testing of what measures and judges: `make mutants`."""
