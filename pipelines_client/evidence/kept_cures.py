"""What the applications of some ledgers change for Customer.io, as their state directories say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines_client.errors import SourceError, StateDamagedError
from pipelines_client.evidence.listing import LEVELS_ABOVE, local_roots
from pipelines_client.state.kept import CURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CURES_DIFFER: Final = (
    "The state directories say different things about what is changed for Customer.io, so each message was held against"
    " what its ledger says was sent. Give all hosts the same settings customerio_dates and so on, or say in [cures] of"
    " parity.toml what all of them should have."
)
_LEDGER: Final = "ledger"
_HOSTS: Final = ("*", "*/*")  # below a folder of state directories


def kept_cures(given: Sequence[str]) -> dict[str, Any] | None:
    """Return what the state directories of some ledgers say about cures; None if they differ.

    One that says nothing is of a client that changes nothing.

    Raises:
        SourceError: A file is damaged.
    """
    try:
        found = [CURES.read(folder) or {} for text in given for folder in _state_folders(text)]
    except StateDamagedError as error:
        raise SourceError(str(error)) from None
    except OSError as error:
        raise SourceError(f"{error.filename}: {error.strerror}; run as a user who may read it") from None
    first = found[0] if found else {}
    return first if all(kept == first for kept in found) else None


def _state_folders(text: str) -> Iterator[Path]:
    """Yield the state directory of each ledger; where there is none, as beside a copy of a file, the place itself."""
    roots = list(local_roots([text]))
    for root in roots:
        above = (root, *root.absolute().parents[:LEVELS_ABOVE])
        hosts = [path for pattern in _HOSTS for path in sorted(root.glob(pattern)) if _is_state(path)]
        yield from hosts if hosts and not _is_state(root) else [next(filter(_is_state, above), root.parent)]
    if not roots:
        yield Path(text)  # in a store, where a client writes nothing


def _is_state(folder: Path) -> bool:
    return (folder / CURES.file).is_file() or (folder / _LEDGER).is_dir()
