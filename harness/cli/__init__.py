"""The `drill` command: reads arguments, calls the rest, shows what came of it. Results on stdout, progress on stderr."""
