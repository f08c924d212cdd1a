"""Runs one drill: its declaration as a value, its stages, its safety. Everything it does goes to the journal."""
