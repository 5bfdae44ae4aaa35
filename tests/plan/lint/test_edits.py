from __future__ import annotations

from pipelines_client.plan.document import parse_plan
from pipelines_client.plan.lint import lint
from pipelines_client.plan.lint.edits import apply_edits

PLAN = """\
# The shop's plan.
plan: 1

events:
  Email Verified:   # once a person
    stage: "Activation "   # the old spelling
    aliases: [Email Verified, verified]  # two
    description: 'Aktivität, geprüft'
    properties: {total: {type: number, unit: usd}}

  Trial Started:
    aliases:
      - trial_started   # the app
      - trial_started   # the web
      - Trial began
    stage: activation
  Team Created: {stage: activation}
"""
FIXED = """\
# The shop's plan.
plan: 1

events:
  Email Verified:   # once a person
    stage: "activation"   # the old spelling
    aliases: [verified]  # two
    description: 'Aktivität, geprüft'
    properties: {total: {type: number, unit: USD}}

  Trial Started:
    aliases:
      - trial_started   # the app
      - Trial began
    stage: activation
  Team Created: {stage: activation}
"""


def fixed(text: str) -> tuple[str, int]:
    """Return a plan with the edits of its faults."""
    faults = lint(parse_plan(text.encode()))
    return apply_edits(text, [fault.edit for fault in faults if fault.edit is not None])


def test_the_safe_faults_are_fixed_and_all_else_stays_as_it_is() -> None:
    """Comments, quotes, blank lines and order: only the texts change."""
    assert fixed(PLAN) == (FIXED, 4)


def test_a_second_run_changes_nothing() -> None:
    """A second look finds nothing where something was fixed."""
    assert fixed(FIXED) == (FIXED, 0)


def test_lines_may_end_as_on_windows() -> None:
    """Places are counted in characters of the file as it is."""
    text, count = fixed(PLAN.replace("\n", "\r\n"))
    assert (text, count) == (FIXED.replace("\n", "\r\n"), 4)


def test_what_stands_behind_an_alias_of_yaml_is_left() -> None:
    """One text in the file would change two places."""
    rest = "".join(f"  {name}: {{stage: activation}}\n" for name in "CDE")
    text = f"plan: 1\nevents:\n  A: {{stage: &s Activation}}\n  B: {{stage: *s}}\n{rest}"
    assert fixed(text) == (text, 0)


def test_the_only_alias_of_a_list_is_left() -> None:
    """An empty block list would be null: that is for a person to write."""
    text = "plan: 1\nevents:\n  A:\n    aliases:\n      - A\n"
    assert fixed(text) == (text, 0)
