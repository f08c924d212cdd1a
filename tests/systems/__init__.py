"""Small systems that tests run in a sandbox."""
