"""From a judged drill to what people and programs read: HTML, Markdown, JSON, JUnit and the timeline.

Imports verdict, measure, journal and the floor. Invariant: what is rendered follows from the result and the
timeline alone, so rendering again gives the same bytes; no clock, locale or time zone is read.
"""
