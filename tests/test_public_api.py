"""What others may rely on: `docs/api.md` lists the modules and names, `public_api.txt` shows their signatures."""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import segment.analytics.client

import pipelines_client
from pipelines_client.client.client import ClientKeywords
from pipelines_client.config import Settings

_FILE = Path(__file__).with_name("public_api.txt")
_PAGE = Path(__file__).parents[1] / "docs/api.md"
_ROW = re.compile(r"^\| `(pipelines_client[\w.]*)` \| .* \| (.*) \|$", re.MULTILINE)
CALLS = ("identify", "track", "page", "screen", "group", "alias")
WAITING = ("flush", "join", "shutdown")


def _listed() -> dict[str, list[str]]:
    """Return the public names of each public module, as the page lists them."""
    return {module: re.findall(r"`(\w+)`", names) for module, names in _ROW.findall(_PAGE.read_text("utf-8"))}


def _names_of(module: types.ModuleType) -> list[str]:
    """Return a module's `__all__`, or what it defines without an underscore."""
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    return list(getattr(module, "__all__", [name for name in own if not name.startswith("_")]))


def _shape(name: str, member: Any) -> Iterator[str]:
    """Yield a name with its signature, fields, members or value, and the public methods of a class."""
    if not inspect.isclass(member):
        yield f"{name}{inspect.signature(member)}" if inspect.isroutine(member) else f"{name} = {member!r}"
        return
    if issubclass(member, BaseException):
        yield f"{name}({', '.join(base.__name__ for base in member.__bases__)})"
        return
    if issubclass(member, enum.Enum):
        yield f"{name}({', '.join(each.value for each in member)})"
        return
    fields = {field: None for kind in reversed(member.__mro__) for field in inspect.get_annotations(kind)}
    shown = [field for field in fields if not field.startswith("_") and field != "model_config"]
    yield f"{name}({', '.join(shown)})" if shown else f"{name}{inspect.signature(member)}"
    for method, value in sorted(vars(member).items()):
        if (
            not method.startswith(("_", "model_"))
            and method not in fields
            and not isinstance(value, types.MemberDescriptorType)
        ):
            function = getattr(value, "__func__", value)
            yield f"{name}.{method}{inspect.signature(function) if callable(function) else ''}"


def _surface() -> list[str]:
    lines = [
        f"pipelines_client.{name}: {kind}"
        for name, kind in sorted(pipelines_client.__annotations__.items())
        if name in pipelines_client._SETTINGS
    ]
    for module in _listed():
        for name in _listed()[module]:
            lines += _shape(f"{module}.{name}", getattr(importlib.import_module(module), name))
    lines += [f"PIPELINES_{name.upper()}" for name in sorted(Settings.model_fields)]
    return [re.sub(r" at 0x[0-9a-f]+", "", line) for line in lines]


def _page() -> str:
    """Return the page with the names that its modules have now."""

    def row(match: re.Match[str]) -> str:
        names = sorted(_names_of(importlib.import_module(match[1])), key=lambda name: (name[0].isupper(), name))
        return match[0].replace(match[2], ", ".join(f"`{name}`" for name in names))

    return _ROW.sub(row, _PAGE.read_text("utf-8"))


def test_the_page_lists_exactly_the_public_names_of_each_module() -> None:
    """Names beyond the page are private: give them an underscore or leave them out of `__all__`."""
    if os.environ.get("UPDATE_SNAPSHOTS"):
        _PAGE.write_text(_page(), "utf-8")
    assert _page() == _PAGE.read_text("utf-8")


def test_the_public_surface_is_what_the_file_says() -> None:
    """To change it on purpose: `make snapshots`, and look at the diff."""
    surface = "\n".join(_surface()) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        _FILE.write_text(surface, "utf-8")
    assert surface == _FILE.read_text("utf-8")


def test_what_public_signatures_mention_can_be_imported_from_the_package_or_another_public_module() -> None:
    """A caller can annotate what a call takes and returns."""
    functions = [getattr(pipelines_client.Client, name) for name in ("__init__", *CALLS, *WAITING)]
    texts = [text for function in functions for text in inspect.get_annotations(function).values()]
    texts += [str(text) for text in pipelines_client.__annotations__.values()]
    mentioned = {name for text in texts for name in re.findall(r"(?<![\w.])[A-Z]\w+", text)}
    public = {name for names in _listed().values() for name in names}
    assert mentioned - {"Any", "Collection", "Mapping", "None", "Unpack"} <= public


def test_each_setting_has_the_same_type_as_keyword_and_as_module_variable() -> None:
    """Settings, typed keywords and module variables are one list."""
    for name in pipelines_client.__all__:
        getattr(pipelines_client, name)  # each is imported at its first use, and annotations name them
    spaces = {**vars(typing), **vars(pipelines_client), "Settings": Settings}
    keywords = typing.get_type_hints(pipelines_client.SettingsKeywords)
    hooks = typing.get_type_hints(ClientKeywords, spaces)
    variables = {name: typing.get_type_hints(pipelines_client)[name] for name in pipelines_client._SETTINGS}
    assert set(keywords) == set(Settings.model_fields)
    assert set(variables) == {*keywords, *hooks, "on_error", "log_handler"}
    with_default = {name for name, kind in variables.items() if type(None) not in typing.get_args(kind)}
    for name, kind in variables.items():
        expected = {**hooks, **keywords}.get(name, kind)
        assert (kind | None if name in with_default else kind) == expected, name


@pytest.mark.parametrize("name", ["stage", "customerio_switch", "segment_switch"])
def test_a_keyword_has_the_literals_of_the_settings_enum(name: str) -> None:
    """A new stage or switch is one that a type checker accepts."""
    (literal, _) = typing.get_args(typing.get_type_hints(pipelines_client.SettingsKeywords)[name])
    accepted = Settings.model_fields[name].annotation
    (kind, *_) = typing.get_args(accepted) or (accepted,)
    assert list(typing.get_args(literal)) == [each.value for each in kind]


def test_upstreams_parameters_come_first_and_in_upstreams_order() -> None:
    """Positional calls of code written for upstream mean the same."""
    for name in ("__init__", *CALLS):
        theirs = list(inspect.signature(getattr(segment.analytics.client.Client, name)).parameters)
        ours = inspect.signature(getattr(pipelines_client.Client, name)).parameters
        assert list(ours)[: len(theirs)] == theirs, name
        assert all(each.kind.name in ("KEYWORD_ONLY", "VAR_KEYWORD") for each in list(ours.values())[len(theirs) :])


def test_an_old_isinstance_check_holds() -> None:
    """`isinstance(client, segment.analytics.client.Client)` is still true."""
    assert issubclass(pipelines_client.Client, segment.analytics.client.Client)


@pytest.mark.parametrize("module", _listed())
def test_every_public_class_and_function_is_documented(module: str) -> None:
    """No name without a docstring."""
    for name in _listed()[module]:
        member = getattr(importlib.import_module(module), name)
        if inspect.isclass(member) or inspect.isroutine(member):
            assert inspect.getdoc(member), name


@pytest.mark.parametrize("name", [*CALLS, *WAITING])
def test_help_on_a_call_teaches_its_arguments_its_return_value_its_errors_and_an_example(name: str) -> None:
    """The module's function and the method have the same docstring."""
    documentation = inspect.getdoc(getattr(pipelines_client, name)) or ""
    assert documentation == inspect.getdoc(getattr(pipelines_client.Client, name))
    parameters = list(inspect.signature(getattr(pipelines_client, name)).parameters)
    sections = [*(["Args:"] if parameters else []), "Returns:", "Raises:", "Example:", f"analytics.{name}"]
    assert [section for section in sections if section not in documentation] == []
    assert [each for each in parameters if f"    {each}: " not in documentation] == []


def test_importing_the_package_imports_neither_pydantic_nor_sqlite_so_that_it_stays_fast() -> None:
    """`Settings` and `FlushResult` are imported at their first use, and only the package itself knows how."""
    code = """
import sys, pipelines_client
assert not {"pydantic", "sqlite3", "structlog", "typing_extensions"} & set(sys.modules)
assert {"Settings", "FlushResult"} <= set(dir(pipelines_client))
assert pipelines_client.Settings and pipelines_client.FlushResult and "pydantic" in sys.modules
try:
    pipelines_client.trakc
except AttributeError as error:
    assert error.name == "trakc"
else:
    raise AssertionError("a misspelt call is found")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_an_outcome_is_a_text_because_applications_compare_it_with_texts_and_write_it_as_json() -> None:
    """A plain `Enum` would make `record.outcome == "accepted"` false without an error."""
    assert pipelines_client.Outcome.ACCEPTED == "accepted"
    assert json.dumps(pipelines_client.Outcome.DROPPED) == '"dropped"'


def test_the_constructor_names_each_setting_because_a_list_made_of_locals_changed_with_the_order_of_its_lines() -> None:
    """The names are repeated on purpose; it stays short enough to be read at once."""
    source = inspect.getsource(pipelines_client.Client.__init__)
    assert "locals()" not in source
    assert len(source.splitlines()) < 40
