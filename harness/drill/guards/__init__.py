"""What keeps a drill from going further than it may.

    rules.py       which guards hold for a drill: of drill.toml, of its scenario, by where it runs (pure)
    intent.py      what a drill is about to do, as far as it is declared (pure)
    answers.py     what each guard says to that: allowed, or refused with a sentence (pure)
    duty.py        the guards while a drill runs: they stop it at once, from whatever it is doing
    beforehand.py  the same for a whole run: what may start, and what a person must confirm first

A scenario can only make guards stricter; only drill.toml, which belongs to the system's owners, says what they allow.
"""
