"""Rollbacks of the configuration: to an archive `config_<version>.tar.gz`, or to a tag of a git repository.

    actions.py      the steps, as values
    source.py       where earlier configurations are found
    content.py      whether one could be run with: objects, syntax, addresses. Pure
    connections.py  whether what it leads to can be reached, with its credentials
    plans.py        from facts to a plan: pure
    find.py         the facts, and the answers to checks: looks only
    carry_out.py    the changes, and how they are verified
    reversal.py     what takes a change back: pure

What is to be put is read, parsed and tried before anything is changed. Services are changed one after the other, those
that others need first; each is restarted beside what serves, which goes only once the new one is ready.
"""
