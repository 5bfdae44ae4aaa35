"""What dead processes left: find their spools, and open one whose cursors are gone or damaged."""

from __future__ import annotations

import contextlib
from pathlib import Path

from pipelines_client.delivery.spool.cursors import Cursor, Cursors, Standing, newest_whole, read_standing, set_aside
from pipelines_client.delivery.spool.logfiles import LogFiles, spools_of_logs
from pipelines_client.delivery.spool.owning import LOCK_SUFFIX, let_go, own
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.errors import PipelinesError, SpoolBusyError, SpoolEmptyError, StateDamagedError
from pipelines_client.files import OpenFile
from pipelines_client.log import logger


def spools_in(folder: Path) -> list[Path]:
    """Return the paths of all spools in a folder, including logs whose file of cursors is gone."""
    return sorted({*folder.glob("*.db"), *spools_of_logs(folder)})


def sweep(folder: Path) -> None:
    """Remove lock files that a kill left without a spool."""
    spools = {path.stem for path in spools_in(folder)}
    for path in folder.glob(f"*{LOCK_SUFFIX}"):
        if path.stem not in spools:
            with contextlib.suppress(SpoolBusyError, OSError):
                lock_file = own(path)
                if path.with_suffix(".db") not in spools_in(folder):
                    path.unlink(missing_ok=True)
                let_go(lock_file)


def has_log(path: Path) -> bool:
    """Say whether a spool has files of messages."""
    return path in spools_of_logs(path.parent)


def open_dead(path: Path) -> Spool | None:
    """Open a spool whose owner is dead; None if its owner lives or is creating it, or if it cannot be read."""
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
        return None
    except (PipelinesError, OSError) as error:
        logger().error("spool_unreadable", error=type(error).__name__, cure="keep the file, and report it")
        return None
    return spool


def _open_or_recover(path: Path, lock_file: OpenFile) -> Spool | None:
    """Open a spool; if its file of cursors is gone, empty or damaged, start again from what can be read of it.

    Messages that a leg had settled and that are still in the log's files may then be sent again, with the same ids.
    """
    try:
        read_standing(path)
    except (FileNotFoundError, SpoolEmptyError):
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
