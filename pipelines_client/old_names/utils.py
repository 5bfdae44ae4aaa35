"""Upstream's helpers, unchanged. The client does not use them."""

from __future__ import annotations

from segment.analytics.utils import clean, guess_timezone, is_naive, remove_trailing_slash, total_seconds

__all__ = ["clean", "guess_timezone", "is_naive", "remove_trailing_slash", "total_seconds"]
