"""How the operations of `harness.journal.undo` are carried out on a live system.

    way.py                     what is known of one kind of operation
    releases.py, cluster.py, data.py, experiments.py,
    configuration.py, own.py   the kinds, by what they are about
    registry.py                all of them; one operation carried out, or told as a command for a person
    passes.py                  a whole list: in order, tried again until a deadline

A new kind of operation is a model in the journal and an entry in one table here; a test compares the two.
"""
