"""The changes of a file's functions, as mutmut makes them, and how one takes effect in the running process.

mutmut leaves decorated functions alone, and much is decided in properties; so decorators are taken off before. A
change is put into the function that is loaded: into its code and its defaults. So whoever holds the function, under
whatever name, calls the changed one, and no module is loaded twice.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import ndiff
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import libcst as cst
from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one function: the lines that are gone and those that came instead, as in a diff."""

    function: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((self.function, *(f"    {line}" for line in self.lines)))


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change that can be made: the module, the function's name in it, and the function's text with the change."""

    module: str
    name: str
    text: str
    change: Change

    def apply(self) -> None:
        """Changes the function, from now on and for the whole process.

        Raises:
            ValueError: the changed function closes over other names than the one that is loaded.
        """
        loaded, changed = function(self.module, self.name), self._compiled()
        loaded.__code__ = changed.__code__
        loaded.__defaults__, loaded.__kwdefaults__ = changed.__defaults__, changed.__kwdefaults__

    def _compiled(self) -> FunctionType:
        names = dict(vars(importlib.import_module(self.module)))
        exec(compile(self.text, self.module, "exec"), names)  # noqa: S102 - it is our own code, changed in one place
        found: Any = names[self.name.split(".")[0]]
        for name in self.name.split(".")[1:]:
            found = inspect.getattr_static(found, name)
        return _bare(found)


def function(module: str, name: str) -> FunctionType:
    """The function of a module, or of a class of it, without what decorates it."""
    found: Any = importlib.import_module(module)
    for one in name.split("."):
        found = inspect.getattr_static(found, one)
    return _bare(found)


def lines(found: FunctionType) -> frozenset[int]:
    """The lines of a function, and of those that are defined in it."""
    return frozenset(line for code in _codes(found.__code__) for _, _, line in code.co_lines() if line)


def mutants(path: Path) -> Iterator[Mutant]:
    """All changes of the functions of a file; its path is relative to where modules are imported from.

    Two changes that give the same text are one.
    """
    module = ".".join(path.with_suffix("").parts)
    bare = cst.parse_module(path.read_text(encoding="utf-8")).visit(_Undecorated())
    tree, mutations, _, _ = create_mutations(str(path), bare.code)
    owners = dict(_functions(tree))
    seen: set[tuple[str, str]] = set()
    for mutation in mutations:
        found = _mutant(module, tree, mutation, owners)
        if found and (found.name, found.text) not in seen:
            seen.add((found.name, found.text))
            yield found


def change(name: str, before: str, after: str) -> Change:
    """What is different; where in the function it is, and how far it is indented, says nothing of what it is."""
    lines = (line for line in ndiff(before.splitlines(), after.splitlines()) if line[0] in "-+")
    return Change(name, tuple(f"{line[0]} {line[1:].strip()}" for line in lines))


class _Undecorated(cst.CSTTransformer):
    """Takes the decorators off functions; those of classes stay."""

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:  # noqa: ARG002, N802 - libcst's names
        return updated_node.with_changes(decorators=[], lines_after_decorators=[])


def _functions(tree: cst.Module) -> Iterator[tuple[cst.CSTNode, tuple[cst.ClassDef | None, cst.FunctionDef]]]:
    """The functions of a module and of its classes, each with the class that it is of."""
    for node in tree.body:
        if isinstance(node, cst.FunctionDef):
            yield node, (None, node)
        elif isinstance(node, cst.ClassDef):
            for child in node.body.body:
                if isinstance(child, cst.FunctionDef):
                    yield child, (node, child)


def _mutant(
    module: str,
    tree: cst.Module,
    mutation: Mutation,
    owners: dict[cst.CSTNode, tuple[cst.ClassDef | None, cst.FunctionDef]],
) -> Mutant | None:
    """The change that a mutation makes; None when it is in no function, but in the body of a module or a class."""
    if mutation.contained_by_top_level_function not in owners:
        return None
    of, found = owners[mutation.contained_by_top_level_function]
    changed = deep_replace(found, mutation.original_node, mutation.mutated_node)
    if not isinstance(changed, cst.FunctionDef):
        raise TypeError(f"a change of {module}.{found.name.value} is no function, but {changed}")
    name = f"{of.name.value}.{found.name.value}" if of else found.name.value
    text = tree.code_for_node(changed)
    whole = f"class {of.name.value}:\n{_indented(text)}" if of else text
    return Mutant(module, name, whole, change(f"{module}.{name}", tree.code_for_node(found), text))


def _indented(text: str) -> str:
    return "".join(f"    {line}" for line in text.splitlines(keepends=True))


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _codes(one)


def _bare(found: Any) -> FunctionType:
    if isinstance(found, property):
        found = found.fget
    elif isinstance(found, cached_property):
        found = found.func
    elif isinstance(found, (staticmethod, classmethod)):
        found = found.__func__
    if not isinstance(found, FunctionType):
        raise TypeError(f"no function, but {found}")
    return found
