"""From measures and criteria to a verdict: pure functions over frozen values. Imports measure, journal, the floor."""
