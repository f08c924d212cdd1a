"""Kills drills at every record of their journals, and looks whether anything is left: `make kill-matrix`.

    scenarios.py    a drill for each fault of the catalogue
    killer.py       a `drill run` that ends itself, one way or another, right after it has written a certain record
    cell.py         one such drill in a process of its own, and what was left of it
    matrix.py       all cells, several at a time, and the table of what came of them

What is left is found by `tests/support/inspector.py`, which shares no code with what takes things back.
"""
