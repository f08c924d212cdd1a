"""Tells people, through Slack, PagerDuty or any webhook, that a rollback begins and how it ends.

Nothing here can hold up or fail a rollback: notices are sent in the background, and what became of them is reported.
"""
