"""Looks for mistakes in feature files before anything is run.

    syntax.py      what is no feature, and why
    finding.py     one mistake, and the kinds of them that there are
    document.py    a feature file as it was written: scenarios, rows of Examples, steps, tags, each with its place
    scenario.py    what is wrong in one scenario: its steps, and the drill that they declare
    feature.py     what is wrong in one file

Pure, but for the drill.toml and the releases that a scenario names. What a drill needs is not known here: the steps
speak to the same builder as in a run, and what it refuses is told.
"""
