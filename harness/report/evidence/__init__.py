"""Evidence: what a drill left, signed, so that anyone can see years later that nothing of it was changed.

    digests.py     every file of a folder with its SHA-256
    controls.py    which controls of SOC 2, ISO 27001 and NIST a drill is evidence for
    statement.py   what is signed: an in-toto Statement v1 over those digests
    envelope.py    how it is signed: a DSSE envelope, as text
    keys.py        Ed25519 keys: made, read, found in a keyring
    sign.py        a folder gets its evidence.json
    verify.py      a folder is held against its evidence.json

Needs neither a network nor the system that was drilled, as all that judges.
"""
