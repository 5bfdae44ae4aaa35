"""The contract of a detector: what it is called, where it looks, and examples that are its tests and its docs.

A detector has two ways to find something. Either a key names it (`speaks`), and then the value has to look like it
(`holds`). Or a text has its shape (`find`), under whichever key it stands. To add one, write its file with a class of
these methods and put it into `DETECTORS` in `detectors/__init__.py`; its examples are tested, and shown in the docs.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from typing import Any, ClassVar

from pipelines_client.privacy.glance import Hint
from pipelines_client.privacy.names import KeyMeaning, KeyWords

KeyAndValue = tuple[str, Any]
"""A key and its value."""
TextSpan = tuple[int, int]
"""Where something begins in a text, and where it ends."""
Scalar = str | int | float | bool


class Detector(ABC):
    """One kind of thing that is looked for. Holds no state but what it was made with."""

    code: ClassVar[str]
    """Its name in the setting, in counts and in the text that replaces a value."""
    title: ClassVar[str]
    """What it finds, in a few words."""
    hints: ClassVar[tuple[Hint, ...]] = ()
    """How a text is known at a glance to hold nothing: one that `find` finds something in has one of these."""
    is_default: ClassVar[bool] = True
    """Whether it works unless it is named in the setting."""
    spreads: ClassVar[bool] = False
    """Whether a key that names it speaks of all that is below it, too."""
    found: ClassVar[tuple[KeyAndValue, ...]]
    """What it finds."""
    passed: ClassVar[tuple[KeyAndValue, ...]]
    """What looks like it, and is not."""

    def speaks(self, words: KeyWords) -> bool:  # noqa: ARG002 - for detectors that go by keys
        """Return whether a key with these words names it."""
        return False

    def holds(self, value: Scalar, key: KeyMeaning) -> bool:  # noqa: ARG002 - as above
        """Return whether a value is what a key that names it says."""
        return False

    def find(self, text: str, key: KeyMeaning) -> Iterator[TextSpan]:  # noqa: ARG002 - for detectors that go by shapes
        """Yield where in a text it is."""
        yield from ()
