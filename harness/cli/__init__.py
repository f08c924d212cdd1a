"""The `drill` command: reads arguments, calls the rest, shows what came of it.

Results go to stdout, progress to stderr.
"""
