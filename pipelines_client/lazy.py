"""Names of a package that are imported when they are first used: using one does not pay for the others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def names_of(package: str, modules: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package.

    Args:
        package: The package's name.
        modules: Names that it offers, by the module that has them, as it is called in the package.
    """
    places = {name: module for module, names in modules.items() for name in names}

    def get(name: str) -> Any:
        this = sys.modules[package]
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=this)
        value = getattr(import_module(f"{package}.{places[name]}"), name)
        vars(this)[name] = value  # the next use finds it there
        return value

    return get
