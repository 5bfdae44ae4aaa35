"""What the applications of some ledgers change for Customer.io, as their state directories say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipelines_client.errors import SourceError, StateDamagedError
from pipelines_client.evidence.identity_keys import state_folders
from pipelines_client.evidence.listing import local_roots
from pipelines_client.state.kept import CURES

if TYPE_CHECKING:
    from collections.abc import Sequence

CURES_DIFFER: Final = (
    "The state directories say different things about what is changed for Customer.io, so each message was held against"
    " what its ledger says was sent. Give all hosts the same settings customerio_dates and so on, or say in [cures] of"
    " parity.toml what all of them should have."
)


def kept_cures(given: Sequence[str]) -> dict[str, Any] | None:
    """Return what the state directories of some ledgers say about cures; None if they differ.

    Raises:
        SourceError: A file is damaged.
    """
    try:
        folders = [folder for root in local_roots(given) for folder in state_folders(root) if folder.is_dir()]
        found = [kept for folder in folders if (kept := CURES.read(folder)) is not None]
    except StateDamagedError as error:
        raise SourceError(str(error)) from None
    except OSError as error:
        raise SourceError(f"{error.filename}: {error.strerror}; run as a user who may read it") from None
    first = found[0] if found else {}
    return first if all(kept == first for kept in found) else None
