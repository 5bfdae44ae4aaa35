"""What a rule of the lint consists of, and what it finds."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from pipelines_client.plan.lint.survey import PlanSurvey

LintSeverity: TypeAlias = Literal["error", "warning"]
DocumentPath: TypeAlias = tuple[str | int, ...]
"""The keys that lead to a part of `tracking-plan.yaml`, from the top: `("events", "Order Completed", "stage")`."""


class PlanEdit(NamedTuple):
    """A change of the plan file that changes no call: a text in place of the one at `path`, or its removal (None)."""

    path: DocumentPath
    text: str | None


class LintFault(NamedTuple):
    """One fault of a plan.

    Attributes:
        code: The rule's code.
        severity: How much it matters.
        place: Names that lead to it, `Order Completed@2` for one of several versions.
        path: The keys that lead to it in the plan file.
        text: What is wrong there.
        cure: What to do.
        about: What else tells it from another fault of this rule at this place, such as the other name of a pair.
        edit: The change that cures it, if that is safe.
    """

    code: str
    severity: LintSeverity
    place: tuple[str, ...]
    path: DocumentPath
    text: str
    cure: str
    about: str = ""
    edit: PlanEdit | None = None

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that stay the same when the plan is sorted, and when other parts of it change."""
        return sha256(json.dumps((self.code, self.place, self.about)).encode()).hexdigest()[:16]


class LintRule(ABC):
    """Looks at a whole plan. One file a rule; `lint/__init__` names them all. Its examples are its tests and its page.

    A rule that needs a convention takes the plan's, and where that is silent what most of the plan does.
    """

    code: ClassVar[str]
    """The word for it in reports, baselines, `--ignore` and the plan's `lint`."""
    severity: ClassVar[LintSeverity] = "warning"
    title: ClassVar[str]
    """What it finds, in a few words."""
    why: ClassVar[str]
    """Why that matters, in a sentence."""
    bad: ClassVar[str]
    """A plan in YAML, without its first line, in which the rule finds something."""
    good: ClassVar[str]
    """A plan in which it finds nothing."""

    @abstractmethod
    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield what is wrong in a plan."""

    def fault(
        self,
        place: tuple[str, ...],
        path: DocumentPath,
        text: str,
        cure: str,
        *,
        about: str = "",
        edit: PlanEdit | None = None,
    ) -> LintFault:
        """Return a fault of this rule."""
        return LintFault(self.code, self.severity, place, path, text, cure, about, edit)
