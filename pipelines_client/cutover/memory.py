"""What state directories remember of a journal: where the folder of a stage file is switched as a whole, it goes too.

Kubernetes replaces the folder of a config map, and git-sync that of a working copy: then the journal beside the file is
gone, and with it the beginning of the stage. So each command that looks into state directories keeps the lines of the
journal there, by the path of the stage file as it is named, and reads them where the journal itself does not go back so
far.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from pipelines_client.cutover.journal import BY_HAND, Journal, StageChange, read_journal
from pipelines_client.errors import StageFileError
from pipelines_client.files import replace_file
from pipelines_client.signals import let_through, suppressing

_MARK_BYTES = 6


def memory_path(state: Path, stage_file: Path) -> Path:
    """Return the file in a state directory that remembers the journal of a stage file."""
    mark = blake2b(str(stage_file.absolute()).encode(), digest_size=_MARK_BYTES).hexdigest()
    return state / f"stage-log-{mark}.jsonl"


def recalled(journal: Journal, stage_file: Path, states: Sequence[Path]) -> Journal:
    """Return a journal with what was before it, as far as state directories remember that.

    What they remember of another journal is left out: one with another first line, if this one has its `start`.
    """
    changes = journal.changes
    is_whole = bool(changes) and changes[0].action != BY_HAND and changes[0].before is None
    for state in states:
        kept = _kept(state, stage_file)
        if kept and (not is_whole or kept[0] == changes[0]):
            changes = _joined(kept, changes)
    return journal._replace(changes=changes)


def _kept(state: Path, stage_file: Path) -> tuple[StageChange, ...]:
    try:
        return read_journal(memory_path(state, stage_file)).changes
    except StageFileError as error:  # it remembers nothing then
        let_through(error)
        return ()


def _joined(kept: tuple[StageChange, ...], changes: tuple[StageChange, ...]) -> tuple[StageChange, ...]:
    """Return the lines that were kept and those that came later, each once and in their order."""
    if kept[0] in changes:
        kept = (*changes[: changes.index(kept[0])], *kept)
    known, last = set(kept), kept[-1]
    newest = max((place for place, change in enumerate(changes) if change in known), default=-1)
    later = list(changes[newest + 1 :])
    if later and newest < 0 and later[0].action == BY_HAND and later[0].before is None:  # a journal begun anew
        found = later.pop(0)
        later[:0] = [found.model_copy(update={"before": last.after})] if found.after is not last.after else []
    return (*kept, *later)


def remember(journal: Journal, stage_file: Path, states: Sequence[Path]) -> None:
    """Keep the lines of a journal in each state directory that can be written."""
    content = b"".join(change.model_dump_json().encode() + b"\n" for change in journal.changes)
    for state in states:
        if state.is_dir() and _kept(state, stage_file) != journal.changes:
            with suppressing(OSError):  # a copy that may only be read
                replace_file(memory_path(state, stage_file), content)
