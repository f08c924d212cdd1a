"""Rollbacks of the database: to a point in time, to a backup, to an earlier version of the schema.

    actions.py      the steps, as values
    plans.py        from facts to a plan: pure
    find.py         the facts, and the answers to checks: looks only
    carry_out.py    the changes
    reversal.py     what takes a change back when a later one fails: pure

A restore never works on the live database: it is made beside it, looked at, and then takes its place; what it replaces
is kept until the rollback is validated. Writers are stopped first, with a clear answer, so that nothing that is
acknowledged meanwhile is given up.
"""
