"""The sum that ends a line of the ledger tells a line that was never written."""

from __future__ import annotations

import orjson
import pytest

from pipelines_client.state.checksum import closed, is_intact

ONE = b'{"message_id":"m1","event":"Order Completed","reason":"a \\",\\"crc32\\":7","writer":"web-1"'
OTHER = ONE.replace(b"m1", b"m2").replace(b"web-1", b"web-2")


def test_a_line_is_the_object_with_one_key_more():
    """Any reader of JSON takes it."""
    line = closed(ONE)
    assert line.endswith(b"}\n")
    assert list(orjson.loads(line)) == ["message_id", "event", "reason", "writer", "crc32"]
    assert is_intact(line)
    assert is_intact(line.rstrip())


@pytest.mark.parametrize("cut", range(1, len(ONE) + 20))
def test_the_beginning_of_one_line_and_the_end_of_another_do_not_fit(cut):
    """Cut at the same place, both have every key once and every length right."""
    joined = closed(ONE)[:cut] + closed(OTHER)[cut:]
    assert is_intact(joined) is (joined in (closed(ONE), closed(OTHER)))


def test_a_line_without_a_sum_says_nothing():
    """Older versions wrote none; a text that looks like one is part of a value."""
    assert is_intact(ONE + b"}\n") is None
    assert is_intact(b"") is None


@pytest.mark.parametrize("end", [b"", b"x}", b"}", b"-1}", b"1", b"1}}"])
def test_a_sum_that_is_cut_or_changed_does_not_fit(end):
    """Nor does one that is followed by more."""
    assert is_intact(ONE + b',"crc32":' + end) is False
