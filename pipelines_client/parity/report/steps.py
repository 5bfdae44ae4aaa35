"""The next step after a report: which gate comes first, and the commands for it, ready to copy. Pure.

`STEPS` is in the order in which the headline names a cause: what makes the comparison itself doubtful comes before what
is missing, and that before what differs. A kind of gate without an entry comes after all others, and its step is to run
the same command again. To give a kind another place or other commands, add an entry.
"""

from __future__ import annotations

import itertools
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.findings.base import Need
from pipelines_client.parity.judgement.causes import LOSSES, main_cause
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipelines_client.parity.model import Counts, GapReport, Gate

PROGRAM = "pipelines-client"
_REPLAY_LIST = "missing.jsonl"
_PAGE = "report.html"
_NO_FOLDER = re.compile(r"[*?\[]|://|\.jsonl")

Command = tuple[str, ...]


class StepFacts(NamedTuple):
    """What a step depends on besides its gate.

    `command` is the command of this run, `pinned` the same with its window, where `command` goes on to the next.
    `given` has the paths of each source as they were given. `causes` counts what each side lacks by cause; `settled`
    is the instant up to which every source is whole; `is_waiting` says that messages wait in spools, `is_open` that
    the window has no end. `instead` says what to give in place of sources that do not belong together, `moved` has the
    folders of the Segment sources that do belong, and `gaps` are those of the evidence. `stopped` says which source
    has had nothing for a day and holds the window back.
    """

    command: Command
    given: Mapping[str, tuple[str, ...]]
    causes: Mapping[str, Counts]
    pinned: Command = ()
    settled: str | None = None
    is_waiting: bool = False
    is_open: bool = False
    instead: str = ""
    moved: tuple[str, ...] = ()
    stopped: str = ""
    gaps: tuple[GapReport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateStep:
    """What to do about gates of one kind.

    Attributes:
        kind: `GateKind.name`.
        commands: Makes the commands, in the order in which to run them.
        says: Says what is the case, for the headline.
        lacking: What to do if the limit is kept and only the evidence is short; then there are no rows to look at.
        is_held_back: Whether a source that has stopped is the cause.
    """

    kind: str
    commands: Callable[[Gate, StepFacts], Iterable[Command]] = lambda _, now: [now.command]
    says: Callable[[Gate, StepFacts], str] = lambda gate, _: gate.evidence
    lacking: Callable[[Gate], str] = lambda _: ""
    is_held_back: bool = False


def command_of(paths: Mapping[str, Iterable[str]], *more: str) -> Command:
    """Return the command that compares the sources at these paths."""
    return (
        PROGRAM,
        "parity",
        *(word for name, some in paths.items() for path in some for word in (f"--{name}", path)),
        *more,
    )


def when_ready(command: Command) -> tuple[str, ...]:
    """Return the commands after a pass that makes the team ready, with the history that this run kept."""
    places = [place for place, word in enumerate(command) if word == "--history"]
    history = [word for place in places for word in command[place : place + 2]]
    return tuple(shlex.join((PROGRAM, "cutover", step, *history)) for step in ("status", "advance"))


def next_step(gate: Gate, now: StepFacts) -> tuple[str, ...]:
    """Return the commands for a gate that does not pass, each quoted for a shell."""
    return tuple(shlex.join(command) for command in _step_of(gate).commands(gate, now))


def finding(gate: Gate, now: StepFacts) -> str:
    """Say what is the case, with the cause where it is known."""
    step = _step_of(gate)
    says = step.says(gate, now)
    return f"{now.stopped}: {says}" if now.stopped and step.is_held_back else says


def lacking(gate: Gate, now: StepFacts) -> str:
    """Say what to do about a gate of which only the evidence is short; empty if its usual advice holds."""
    step = _step_of(gate)
    if now.stopped and step.is_held_back:
        return restart(now)
    return "" if _is_broken(gate) else step.lacking(gate)


def restart(now: StepFacts) -> str:
    """Say what to do about a source that has stopped; empty if none has."""
    return f"{now.stopped}: if its copy job has stopped, start it, then run again." if now.stopped else ""


def urgency(gate: Gate, causes: Mapping[str, Counts]) -> tuple[int, int, float]:
    """Order gates by what to name first: the smallest. Of one kind, what we know to be refused comes first."""
    cause = main_cause(causes.get(gate.side, {}))
    is_known = bool(cause and cause.is_proven)
    size = gate.actual / gate.limit if gate.limit else gate.actual * 1e6
    return _PLACES.get(gate.kind, len(STEPS)), not is_known, -size


def _step_of(gate: Gate) -> GateStep:
    return STEPS[_PLACES[gate.kind]] if gate.kind in _PLACES else GateStep(kind=gate.kind)


def _is_broken(gate: Gate) -> bool:
    return gate.result == "failed" or gate.actual > gate.limit


def _again(gate: Gate, now: StepFacts) -> Iterable[Command]:
    """Run the same command again, once the spools are empty if something waits there."""
    return _drain(gate, now) if now.is_waiting else [now.command]


def _moved(gate: Gate, now: StepFacts) -> Iterable[Command]:
    """Compare only the Segment sources that did move, where they are known."""
    del gate
    is_known = bool(now.moved) and "--segment" in now.command
    sources = tuple(word for path in now.moved for word in ("--segment", path))
    words = _without(now.command, "--segment")
    yield (*words[:2], *sources, *words[2:]) if is_known else now.command


def _wider(gate: Gate, now: StepFacts) -> Iterable[Command]:
    """Compare without the window that was given; `last` widens by itself."""
    del gate
    pairs = itertools.pairwise(now.command)
    yield now.command if ("--since", "last") in pairs else _without(now.command, "--since", "--until")


def _without(command: Command, *names: str) -> Command:
    """Return a command without some options and their values."""
    pairs = itertools.pairwise(("", *command))
    return tuple(word for before, word in pairs if word not in names and before not in names)


def _closed(gate: Gate, now: StepFacts) -> Iterable[Command]:
    """Judge up to where every source is whole; if an end was given, run again later."""
    del gate
    words = tuple(word for word in now.command if word != "--all")  # which allows no other end
    yield (*words, "--until", now.settled) if now.is_open and now.settled else now.command


def _look(gate: Gate, now: StepFacts) -> Iterable[Command]:
    """Show the messages with their values; what is only short has none."""
    yield (*(now.pinned or now.command), "--show-values", "--output", _PAGE) if _is_broken(gate) else now.command


def _twice(gate: Gate, now: StepFacts) -> Iterable[Command]:
    """Find out whether messages arrive twice through Segment's own destination."""
    if _is_broken(gate) and all(side in now.given for side in SIDES):
        yield (PROGRAM, "cutover", "twice", *_options(now, *SIDES, "ledger"))
    else:
        yield from _look(gate, now)


def _supply(gate: Gate, now: StepFacts) -> Iterable[Command]:
    """Do what the main cause of the loss calls for."""
    cause = main_cause(now.causes.get(gate.side, {}))
    repair = _REPAIRS.get(cause.name) if cause else None
    if repair is not None:
        return repair(gate, now)
    return _replay(gate, now) if cause and cause.is_replayed else _again(gate, now)


def _with_cause(gate: Gate, now: StepFacts) -> str:
    counts = now.causes.get(gate.side, {})
    cause = main_cause(counts)
    if cause is None or not cause.words:
        return gate.evidence
    lost = sum(count for name, count in counts.items() if name in LOSSES)
    most = "" if counts[cause.name] == lost else "most "
    return f"{gate.evidence} ({most}{cause.words.format(side=TITLES[gate.side])})"


def _replay(gate: Gate, now: StepFacts) -> Iterable[Command]:
    yield (*(now.pinned or now.command), "--replay-list", _REPLAY_LIST)
    other = next(side for side in SIDES if side != gate.side)
    archives = [word for path in now.given.get(other, ()) for word in ("--archive", path)]
    replay = ("replay", "--to", gate.side, "--from", "replay-list", _REPLAY_LIST, *archives)
    yield (*_state(now, *replay), "--dry-run")
    if "ledger" in now.given:  # without one it is not known what the API accepted
        yield _state(now, *replay)


def _requeue(gate: Gate, now: StepFacts) -> Iterable[Command]:
    yield _state(now, "dead-letters", "list", "--leg", gate.side)
    yield _state(now, "dead-letters", "requeue", "--leg", gate.side, "--all")
    yield _state(now, "drain")


def _drain(gate: Gate, now: StepFacts) -> Iterable[Command]:
    del gate
    yield _state(now, "drain")
    yield now.command


def _dropped(gate: Gate, now: StepFacts) -> Iterable[Command]:
    yield _state(now, "status")
    yield from _replay(gate, now)


def _state(now: StepFacts, *words: str) -> Command:
    """Return a command on the state directory: the first ledger that was given, if it is a folder."""
    path = next(iter(now.given.get("ledger", ())), "").removesuffix("/").removesuffix("/ledger")
    is_folder = path and not _NO_FOLDER.search(path)
    return (PROGRAM, *words, *(("--state-dir", path) if is_folder else ()))


def _options(now: StepFacts, *names: str) -> Iterable[str]:
    return (word for name in names for path in now.given.get(name, ()) for word in (f"--{name}", path))


_REPAIRS: Mapping[str, Callable[[Gate, StepFacts], Iterable[Command]]] = {
    "rejected": _requeue,
    "dropped": _dropped,
    "in_spool": _drain,
}
"""The repair of a cause that a replay alone does not repair."""

_OTHER_DAYS = "Give counts of the same days as the other sources, or compare fewer with --since and --until."


def _give_what_shows_it(gate: Gate) -> str:
    del gate
    return "Give sources that show it: the evidence of this gate says what is lacking."


STEPS = (
    GateStep(kind="related", commands=_moved),
    GateStep(kind="evidence", commands=_again),
    GateStep(kind="shared_ids", commands=_look),
    GateStep(kind="missing", commands=_supply, says=_with_cause),
    GateStep(kind="call_type", commands=_look),
    GateStep(kind="identity", commands=_look),
    GateStep(kind="drift", commands=_look, lacking=lambda _: Need.PAYLOADS.cure),
    GateStep(kind="time", commands=_look, lacking=_give_what_shows_it),
    GateStep(kind="context", commands=_look, lacking=_give_what_shows_it),
    GateStep(kind="renamed", commands=_look),
    GateStep(kind="duplicates", commands=_twice),
    GateStep(kind="counts", lacking=lambda _: _OTHER_DAYS),
    GateStep(kind="check", lacking=_give_what_shows_it),
    GateStep(kind="class", commands=_look, lacking=lambda gate: BY_NAME[gate.subject].need.cure),
    GateStep(kind="too_young", commands=_closed),
    GateStep(kind="min_events", commands=_wider, is_held_back=True),
    GateStep(kind="min_days", commands=_wider, is_held_back=True),
    GateStep(kind="baseline"),
)
"""The kinds of gates, the first to name first."""

_PLACES = {step.kind: place for place, step in enumerate(STEPS)}
