"""What dead processes left: find their spools, and open one whose cursors are gone or damaged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipelines_client.delivery.spool.cursors import Cursor, Cursors, Standing, newest_whole, read_standing, set_aside
from pipelines_client.delivery.spool.logfiles import LogFiles, spools_of_logs
from pipelines_client.delivery.spool.owning import LOCK_SUFFIX, let_go, own
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.errors import PipelinesError, SpoolBusyError, SpoolEmptyError, StateDamagedError
from pipelines_client.files import OpenFile
from pipelines_client.log import logger
from pipelines_client.signals import let_through, suppressing


def spools_in(folder: Path) -> list[Path]:
    """Return the paths of all spools in a folder, including logs whose file of cursors is gone."""
    return sorted({*folder.glob("*.db"), *spools_of_logs(folder)})


def set_aside_in(folder: Path) -> list[str]:
    """Return the names of damaged files in a folder of spools, which were kept as evidence."""
    return sorted(path.name for path in folder.glob("*.damaged"))


@dataclass(slots=True)
class Leftovers:
    """What is in a folder of spools.

    Attributes:
        messages: Messages of dead writers, by leg and fingerprint of their destination.
        owned: Spools that living processes own.
        unreadable: Names of spools that cannot be read, and of files that were set aside as damaged.
    """

    messages: Counter[tuple[str, str]] = field(default_factory=Counter)
    owned: list[Path] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def leftovers_in(folder: Path) -> Leftovers:
    """Look into all spools of a folder."""
    found, failed = Leftovers(), list[Path]()
    for path in spools_in(folder):
        spool = open_dead(path, owned=found.owned.append, unreadable=failed.append)
        if spool is not None:
            found.messages.update({(leg, mark): spool.pending(leg) for leg, mark in spool.legs.items()})
            spool.close()
    found.unreadable = [path.name for path in failed if path.exists() or has_log(path)] + set_aside_in(folder)
    return found


def sweep(folder: Path) -> None:
    """Remove lock files that a kill left without a spool."""
    spools = {path.stem for path in spools_in(folder)}
    for path in folder.glob(f"*{LOCK_SUFFIX}"):
        if path.stem not in spools:
            with suppressing(SpoolBusyError, OSError):
                lock_file = own(path)
                if path.with_suffix(".db") not in spools_in(folder):
                    path.unlink(missing_ok=True)
                let_go(lock_file)


def has_log(path: Path) -> bool:
    """Say whether a spool has files of messages."""
    return path in spools_of_logs(path.parent)


def open_dead(
    path: Path,
    *,
    owned: Callable[[Path], object] = lambda _: None,
    unreadable: Callable[[Path], object] = lambda _: None,
) -> Spool | None:
    """Open a spool whose owner is dead; None if its owner lives or is creating it, or if it cannot be read.

    `owned` is called with the path in the first case, `unreadable` in the second.
    """
    try:
        lock_path = path.with_suffix(LOCK_SUFFIX)
        lock_file = own(lock_path)
        try:
            spool = _open_or_recover(path, lock_file)
        except BaseException:
            let_go(lock_file)
            raise
        if spool is None:
            lock_path.unlink(missing_ok=True)
            let_go(lock_file)
    except SpoolBusyError:
        owned(path)
        return None
    except (PipelinesError, OSError) as error:
        let_through(error)
        unreadable(path)
        logger().error("spool_unreadable", error=type(error).__name__, cure="keep the file, and report it")
        return None
    return spool


def _open_or_recover(path: Path, lock_file: OpenFile) -> Spool | None:
    """Open a spool; if its file of cursors is gone, empty or damaged, start again from what can be read of it.

    Messages that a leg had settled and that are still in the log's files may then be sent again, with the same ids.
    """
    try:
        read_standing(path)
    except (FileNotFoundError, SpoolEmptyError) as error:
        let_through(error)
        path.unlink(missing_ok=True)  # its process was killed while it made it, or the file has lost its content
        standing = _standing_of_log(path)
    except StateDamagedError:
        standing = newest_whole(path) or _standing_of_log(path)
        set_aside(path)
    else:
        return Spool(path, legs={}, writer="", lock_file=lock_file)
    if standing is None:
        LogFiles(path).set_aside()  # where it was meant to go is unknown; does nothing without files
        return None
    Cursors.create(path, standing).close()
    spool = Spool(path, legs={}, writer="", lock_file=lock_file)
    waiting = max(spool.pending(leg) for leg in spool.legs)
    logger().error("spool_recovered", pending=waiting, reason="its file of cursors was damaged or gone")
    return spool


def _standing_of_log(path: Path) -> Standing | None:
    """Return the standing before the first message of a log; None if it does not say where that goes."""
    log = LogFiles(path)
    header = log.header()
    if header is None:
        return None
    seq, size = log.oldest()
    cursors = {leg: Cursor(seq, size, refused=-seq) for leg in header["legs"]}
    return Standing(header["writer"], header["legs"], cursors)
