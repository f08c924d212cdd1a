"""What came of drills over months: one file for the runs of a folder, and what can be told from it.

entry.py    one drill as the history keeps it, and which scenario it was
store.py    the file: SQLite
trend.py    how a scenario went lately, and whether its recovery time has grown (pure)
page.py     all scenarios at a glance, drawn
keep.py     runs into the history, judged from their journals
"""
