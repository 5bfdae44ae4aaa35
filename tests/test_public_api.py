"""What others may rely on: a change to it shows as a diff of `public_api.txt`."""

from __future__ import annotations

import inspect
from pathlib import Path

import segment.analytics.client

import pipelines_client
from pipelines_client import history
from pipelines_client.config import Settings

_FILE = Path(__file__).with_name("public_api.txt")


def _surface() -> list[str]:
    lines = [f"pipelines_client.{name}" for name in sorted(pipelines_client.__all__)]
    lines += [f"pipelines_client.{name} = …" for name in sorted(pipelines_client._SETTINGS)]
    for name, member in sorted(vars(pipelines_client.Client).items()):
        if name.startswith("_") and name != "__init__":
            continue
        shape = str(inspect.signature(member)) if callable(member) else ""
        lines.append(f"pipelines_client.Client.{name}{shape}")
    for name in history.__all__:
        member = getattr(history, name)
        fields = getattr(member, "__annotations__", {}) if inspect.isclass(member) else {}
        shape = f"({', '.join(fields)})" if fields else str(inspect.signature(member))
        lines.append(f"pipelines_client.history.{name}{shape}")
    lines += [f"PIPELINES_{name.upper()}" for name in sorted(Settings.model_fields)]
    return lines


def test_the_public_surface_is_what_the_file_says() -> None:
    """To change it on purpose, write the new surface into tests/public_api.txt."""
    assert "\n".join(_surface()) + "\n" == _FILE.read_text("utf-8")


def test_upstreams_parameters_come_first_and_in_upstreams_order() -> None:
    """Positional calls of code written for upstream mean the same."""
    for name in ("__init__", "identify", "track", "page", "screen", "group", "alias"):
        theirs = list(inspect.signature(getattr(segment.analytics.client.Client, name)).parameters)
        ours = inspect.signature(getattr(pipelines_client.Client, name)).parameters
        assert list(ours)[: len(theirs)] == theirs, name
        assert all(each.kind.name in ("KEYWORD_ONLY", "VAR_KEYWORD") for each in list(ours.values())[len(theirs) :])


def test_an_old_isinstance_check_holds() -> None:
    """`isinstance(client, segment.analytics.client.Client)` is still true."""
    assert issubclass(pipelines_client.Client, segment.analytics.client.Client)


def test_everything_in_all_is_there_and_documented() -> None:
    """No name without a docstring."""
    for module in (pipelines_client, history):
        for name in module.__all__:
            assert inspect.getdoc(getattr(module, name)), name
