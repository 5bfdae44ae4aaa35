"""The version, where old code looks for it."""

from __future__ import annotations

from pipelines_client.destinations.base import VERSION

__all__ = ["VERSION"]
