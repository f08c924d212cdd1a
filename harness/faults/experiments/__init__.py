"""Experiments of Chaos Toolkit, apart from the fault that they are.

file.py       what an experiment's file says, and what is wrong with it (pure)
journal.py    what became of each of its activities (pure)
kept.py       the copy of it, from which it is run, now and by whoever takes it back
"""
