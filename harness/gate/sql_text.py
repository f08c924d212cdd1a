"""What the text of a statement tells: whether it changes something, and whether it keeps clients out. Pure."""

from __future__ import annotations

import re
from typing import Final

from harness.gate.relay import Statement
from harness.gate.server import DATABASE

_BEGINS: Final = r"(?:^|;)\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*"  # of a statement; comments may stand before it
CHANGES: Final = re.compile(
    rf"{_BEGINS}(?:ALTER|CREATE(?!\s+TEMP)|DROP|TRUNCATE|DELETE|UPDATE|INSERT|MERGE|GRANT|REVOKE|REINDEX|CLUSTER"
    r"|COMMENT|VACUUM|LOCK\b(?![^;]*\bACCESS\s+SHARE\b)|COPY\s+[^\s(;][^;]*?\bFROM\b|WITH\b[^;]*?\(\s*(?:DELETE|UPDATE|INSERT|MERGE)\b)"
    r"|pg_(?:terminate|cancel)_backend",
    re.IGNORECASE | re.DOTALL,
)
"""A statement that changes something, as far as its text tells; there may be several in one message."""
_RUNS_CODE: Final = re.compile(rf"{_BEGINS}(?:DO|CALL)\b", re.IGNORECASE | re.DOTALL)
_ENDS_SESSIONS: Final = re.compile(
    rf"pg_terminate_backend.*(?:'{DATABASE}'|current_database)", re.IGNORECASE | re.DOTALL
)
_LETS_IN: Final = re.compile(
    r"ALLOW_CONNECTIONS\s*=?\s*(?:true|on|yes)\b|CONNECTION\s+LIMIT\s*=?\s*-1|\bRESET\b", re.IGNORECASE
)
"""Said to be sure, as in a trap, it changes nothing where nobody was kept out."""
_OF_A_DATABASE: Final = re.compile(r"^\s*(?:CREATE|ALTER|DROP)\s+DATABASE\b", re.IGNORECASE)
_OF_THIS_DATABASE: Final = re.compile(rf"^\s*(?:ALTER|DROP)\s+DATABASE\s[^;]*\b{DATABASE}\b(?!_)", re.IGNORECASE)


def may_change(text: str) -> bool:
    """The statement changes something, or runs code that may."""
    return bool(CHANGES.search(text) or _RUNS_CODE.search(text))


def changes_what_serves(one: Statement) -> bool:
    """Not what is made beside it, for a try."""
    if _OF_A_DATABASE.search(one.text):
        return keeps_clients_out(one)
    return keeps_clients_out(one) or (one.database == DATABASE and bool(CHANGES.search(one.text)))


def keeps_clients_out(one: Statement) -> bool:
    """Of the database that they use. What a transaction changes in it, and takes back, is no such thing."""
    if _OF_THIS_DATABASE.search(one.text):
        return not _LETS_IN.search(one.text)
    return bool(_ENDS_SESSIONS.search(one.text))
