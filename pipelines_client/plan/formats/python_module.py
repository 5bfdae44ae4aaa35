"""A Python module of constants or an Enum: the taxonomy that a team already has. It is read, and never imported."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Final

from pipelines_client.errors import PlanError
from pipelines_client.plan.formats.base import PlanFile, PlanFormat, plan_of
from pipelines_client.plan.model import PlannedCall, PlannedKind, TrackingPlan
from pipelines_client.plan.text import error_at

_KIND_OF_WORD: Final[dict[str, PlannedKind]] = {"page": "page", "screen": "screen"}
_NO_EVENTS: Final = frozenset(
    ("trait", "property", "propertie", "config", "setting", "source", "url", "host", "key", "id")
)
_WORDS: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_MOST_CHARS: Final = 100


class PythonModuleFormat(PlanFormat):
    """Names of events as constants in capitals, members of a class or an Enum, or lists of them.

    A class or list whose name speaks of pages or screens holds those. A text below a constant describes it.
    """

    name = "python"
    title = "a Python module of constants or an Enum"

    def recognises(self, files: Sequence[PlanFile]) -> bool:
        """Return whether all are Python files."""
        return bool(files) and all(file.name.endswith(".py") for file in files)

    def read(self, files: Sequence[PlanFile]) -> TrackingPlan:
        """Return a plan of names: each is planned once, with any properties."""
        found: dict[tuple[PlannedKind, str], str | None] = {}
        for file in files:
            for kind, name, description in _names(_tree(file).body, "track", is_class=False):
                if is_name(name) and not found.get((kind, name)):
                    found[kind, name] = description
        if not found:
            name = files[0].name if files else "the module"
            raise PlanError(f"{name}: it has no names of events; pass a module with constants such as SIGNED_UP")
        calls = (PlannedCall(kind, name, description=text) for (kind, name), text in found.items())
        return plan_of(calls)


def is_name(text: str) -> bool:
    """Return whether a text can be the name of an event, and not an address, a path or a sentence in lines."""
    return bool(text.strip()) and len(text) <= _MOST_CHARS and text.isprintable() and "://" not in text


def _tree(file: PlanFile) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(file.text)
    except SyntaxError as error:
        raise error_at(file.name, error.lineno, "", f"it is not Python ({error.msg})", "correct it there") from None
    except (ValueError, RecursionError, MemoryError):
        raise error_at(file.name, None, "", "it is not Python that can be read", "pass the module of names") from None


def _names(body: list[ast.stmt], kind: PlannedKind, *, is_class: bool) -> Iterator[tuple[PlannedKind, str, str | None]]:
    """Yield the kind, name and description of each event, page and screen."""
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.ClassDef):
            if not _is_for_others(statement.name):
                yield from _names(statement.body, _kind_of(statement.name), is_class=True)
            continue
        target, value = _assigned(statement)
        if (
            target is None
            or target.startswith("_")
            or not (is_class or (target.isupper() and not _is_for_others(target)))
        ):
            continue
        text = _text(following.value) if isinstance(following, ast.Expr) else None
        if isinstance(value, ast.Tuple | ast.List | ast.Set | ast.Dict):
            for each in value.values if isinstance(value, ast.Dict) else value.elts:
                if (name := _text(each)) is not None:
                    yield _kind_of(target), name, None
        elif isinstance(value, ast.Call) and is_class and ast.unparse(value.func).endswith("auto"):
            yield kind, target.lower(), text  # as a StrEnum does
        elif (name := _text(value)) is not None:
            yield kind, name, text


def _assigned(statement: ast.stmt) -> tuple[str | None, ast.expr | None]:
    if isinstance(statement, ast.AnnAssign):
        target: ast.expr | None = statement.target
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    else:
        return None, None
    return (target.id if isinstance(target, ast.Name) else None), statement.value


def _text(value: ast.expr | None) -> str | None:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _last_word(name: str) -> str:
    """Return what a name of code is about, in the singular: `page` of `MARKETING_PAGES` and of `MarketingPages`."""
    words = _WORDS.findall(name)
    return words[-1].lower().removesuffix("s") if words else ""


def _kind_of(name: str) -> PlannedKind:
    return _KIND_OF_WORD.get(_last_word(name), "track")


def _is_for_others(name: str) -> bool:
    return _last_word(name) in _NO_EVENTS
