"""From a journal to every duration of the design: pure functions over frozen values. Imports journal and the floor."""
