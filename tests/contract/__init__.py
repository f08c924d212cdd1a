"""One body of tests for each port, run over every sandbox and every system that is at hand."""
