"""Takes a script of SQL apart into its statements. Pure.

As psql does it: a semicolon ends a statement unless it stands in a text, a quoted name, a comment or between dollars.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<end>;)
    | [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
    | --[^\n]* | /\*.*?\*/
    | \$(?P<tag>[A-Za-z_][A-Za-z_0-9]*)?\$.*?\$(?P=tag)\$ | \$\$.*?\$\$
    | [A-Za-z_][A-Za-z_0-9$]* | .""",
    re.VERBOSE | re.DOTALL,
)
_COMMENTS: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def statements_of(script: str) -> tuple[str, ...]:
    """The statements of a script in order, without those that hold nothing."""
    found, begun = list[str](), 0
    for token in _TOKEN.finditer(script):
        if token["end"]:
            found.append(script[begun : token.end()])
            begun = token.end()
    found.append(script[begun:])
    return tuple(one.strip() for one in found if _COMMENTS.sub("", one).strip(" \t\r\n;"))
