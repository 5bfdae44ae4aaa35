"""Modules of upstream that old code imports and tests patch."""

from __future__ import annotations

import subprocess
import sys
from unittest import mock

import pytest
from segment.analytics.request import APIError

from pipelines_client import old_names


def test_the_modules_of_upstream_exist() -> None:
    """Changing `segment.analytics` to `pipelines_client` in old imports is enough."""
    code = """
import pipelines_client
from pipelines_client.client import Client
from pipelines_client.consumer import MAX_MSG_SIZE
from pipelines_client.request import APIError
from pipelines_client.utils import guess_timezone
from pipelines_client.version import VERSION
assert VERSION == pipelines_client.VERSION
assert Client is pipelines_client.Client
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
    assert old_names.__doc__


def test_what_has_no_meaning_here_names_the_cure() -> None:
    """A patch that isolates nothing fails, and so does a call that would send nothing."""
    from pipelines_client import consumer, request  # type: ignore[attr-defined]  # found by the search path

    assert request.APIError is APIError
    with pytest.raises(NotImplementedError, match="call track"):
        request.post("key", batch=[])
    with pytest.raises(NotImplementedError, match="make a Client"):
        consumer.Consumer(None, "key")
    for name in ("post", "_session"):
        with (
            pytest.raises(AttributeError, match=r"isolates nothing: .*docs/testing\.md"),
            mock.patch(f"pipelines_client.request.{name}", create=True),
        ):
            pass
