"""`pipelines-client plan infer`: a first plan from what was sent."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines_client.cli.group import takes
from pipelines_client.cli.leaving import BAD_INPUT, GOOD, leave, say
from pipelines_client.cli.plan.reading import OutputOption, check_output, put
from pipelines_client.cli.plan.sent import SentOptions, sent_lines
from pipelines_client.cli.progress import reading
from pipelines_client.wording import plural

if TYPE_CHECKING:
    from pipelines_client.plan.shapes import PrivacyQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class InferOptions(SentOptions):
    """Options of `plan infer`."""

    name: Annotated[str, typer.Option(metavar="NAME", help="Name of the plan.")] = ""
    output: OutputOption = None


@takes(InferOptions)
def infer(asked: InferOptions) -> None:
    """Write a first plan from what was sent.

    It has the names, the types, what is always there, values that are few and
    shared by many, and how dates and amounts are written. Left out are values and
    properties that look like names of persons: two capitalised words, or a
    property such as `author` or `assigned_to`; also properties with a blank. A
    name in small letters, or in the name of an event or page, looks like any
    other, so read the plan before you commit it. All messages that are not left
    out pass `plan check`, except for what is a fault under any plan, such as an
    e-mail address as an id.
    People add descriptions, stages and owners: `plan lint` lists what is missing.

    Exit code 0: written, 2: bad input, or there was no message.
    """
    from pipelines_client.plan.document import dump_plan
    from pipelines_client.plan.infer import Inference

    if asked.output is not None and asked.output.is_file():
        leave(BAD_INPUT, f"{asked.output} exists, and people may have written in it; name another file, or move it")
    check_output(asked.output)
    inference, unreadable = Inference(_privacy()), 0
    with reading(sys.stderr) as hooks:
        for line in sent_lines(asked, hooks.advance):
            if line.call is None:
                unreadable += 1
            else:
                inference.add(line.call)
    if not inference.messages:
        leave(BAD_INPUT, "there is no message to learn from; name an archive or a file of calls")
    left_out = unreadable + inference.left_out
    if left_out:
        counted = plural(left_out, "line was", "lines were")
        say(f"{counted} left out: unreadable, no call, a name that says who a person is, or too many names")
    if inference.names_left_out:
        counted = plural(inference.names_left_out, "property is", "properties are")
        say(f"{counted} not in the plan: the name holds a blank, or may be a person's name, an address or an id")
    plan = inference.plan(asked.name)
    put(dump_plan(plan), asked.output)
    if asked.output is not None:
        say(f"{plural(len(plan.events), 'event')} of {plural(inference.messages, 'message')} written to {asked.output}")
    leave(GOOD)


def _privacy() -> PrivacyQuestion:
    """Return whether the detectors of privacy find anything in a property; without their package none does."""
    try:
        from pipelines_client.privacy.guard import Guard
    except ModuleNotFoundError:
        say("pipelines-client[privacy] is not installed: values are chosen by the names of properties alone")
        return lambda _name, _value: False
    guard = Guard({"default": "warn", "email": "warn", "phone": "warn"})
    return lambda name, value: not guard.is_clean({"properties": {name: value}})
