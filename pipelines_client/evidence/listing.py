"""Lists the files of a source: below folders, by glob, or in an object store.

What cannot be listed does not stop the run: the report names it, because the evidence there is missing.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from glob import glob, has_magic
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines_client.errors import SourceError
from pipelines_client.evidence.copies import describe_copies, find_copies
from pipelines_client.evidence.files.base import Rejected
from pipelines_client.evidence.files.open import file_system, is_remote, why_no_store, why_not_opened
from pipelines_client.evidence.kinds.base import within
from pipelines_client.evidence.others import MOST_LOOKED_INTO, Use, look_into
from pipelines_client.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipelines_client.evidence.kinds.base import Kind

LEVELS_ABOVE = 3
"""How many folders above a path the state directory may be: `STATE/ledger/DAY/FILE`."""

_MARK_BYTES = 4096
_OTHERS_NAMED = 3
T = TypeVar("T")

_MARKS = ("ETag", "etag", "md5Hash", "content_md5", "generation", "LastModified", "last_modified", "mtime")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A listed file of evidence; all fields together are the key under which its facts are cached.

    `name` is its name in reports, `location` its path or address. `mark` is a hash of its first and last bytes, or the
    version that an object store gives.
    """

    name: str
    location: str
    bytes: int
    modified_ns: int
    mark: str


@dataclass(frozen=True)
class Listing:
    """The files of a source that will be read, and the names of those that are not of its kind.

    `problems` are places that may hold evidence and could not be listed. `notes` say what was left out, and why.
    """

    given: tuple[str, ...]
    files: tuple[SourceFile, ...]
    ignored: tuple[str, ...]
    problems: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()

    def location_of(self, name: str) -> str:
        """Return where a file of this listing is."""
        return self._locations[name]

    @cached_property
    def _locations(self) -> dict[str, str]:
        return {file.name: file.location for file in self.files}


@dataclass(slots=True)
class _Listed:
    """The files below one root, by their names there; a root that is a file has the empty name."""

    places: dict[str, Path | SourceFile] = field(default_factory=dict)
    folders_refused: list[Rejected] = field(default_factory=list)
    problems: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def list_files(kind: type[Kind], given: Sequence[str], *, holds_counts: bool = False) -> Listing:
    """Find the files of a source by paths, globs or addresses; in a folder, all files of the kind below it.

    A file that only its name hides is found too, and one that may be evidence and is not read is a problem. Of files
    with the same bytes one is read; where rows are counts, which may be equal by chance, only if the names agree.

    Raises:
        SourceError: A path does not exist, or a folder holds files, but none of this kind.
    """
    roots = [root for text in given for root in _roots(kind, text)]
    files: dict[object, SourceFile] = {}
    ignored: list[str] = []
    problems: list[Rejected] = []
    notes: list[str] = []
    for root in roots:
        listed = _remote(root) if is_remote(root) else _local(kind, Path(root))
        prefix = "" if len(roots) == 1 else f"{_shown(root).rstrip('/')}/"
        rest = _take(kind, root, prefix, listed, files)
        ignored += [prefix + _shown(name) for name in rest]
        problems += [
            replace(place, file=prefix + _shown(place.file)) for place in (*listed.folders_refused, *listed.problems)
        ]
        notes += [prefix + note for note in listed.notes]
    copies = find_copies(list(files.values()), by_name=holds_counts)
    notes += filter(None, [describe_copies(copies)])
    ordered = tuple(sorted((file for file in files.values() if file not in copies), key=attrgetter("name")))
    return Listing(tuple(given), ordered, tuple(sorted(ignored)), tuple(problems), tuple(notes))


def _take(kind: type[Kind], root: str, prefix: str, listed: _Listed, files: dict[object, SourceFile]) -> list[str]:
    """Add the files of one root that are of the kind; return the names of the rest."""
    names = list(listed.places)
    wanted = names if names == [""] else kind.select(names)
    chosen = set(wanted)
    listed.problems = [place for place in listed.problems if kind.select([place.file])]
    rest = [name for name in names if name not in chosen and name.rpartition("/")[2] not in kind.litter]
    found = _look_at_others(kind, listed, rest)
    wanted = [name for name in names if name in found or name in chosen]
    rest = [name for name in rest if name not in found]
    if rest and not wanted:
        example = f"only others such as {_shown(rest[0])}"
        raise SourceError(f"{_shown(root)}: holds no file of {kind.title}, {example}; {kind.cure}")
    start = len(_common_folder(kind.folder, wanted))
    for name in wanted:
        shown = prefix + _shown(name[start:]) if name else _shown(root if prefix else root.rpartition("/")[2])
        place = listed.places[name]
        if isinstance(place, SourceFile):
            files.setdefault(place.location, replace(place, name=shown))
            continue
        try:
            status = place.stat()
            identity = (status.st_dev, status.st_ino)
            if identity in files:
                listed.notes.append(f"{_shown(name)} is the same file as {files[identity].name}, which is read once")
            else:
                files[identity] = _stat(place, shown, status)
        except OSError as error:
            listed.problems.append(Rejected(name, 0, why_not_opened(error)))
    return rest


def _look_at_others(kind: type[Kind], listed: _Listed, rest: Sequence[str]) -> set[str]:
    """Return the names of the rest that are evidence all the same, and note why each of the others is not read."""
    found: set[str] = set()
    left_out: list[str] = []
    for name in rest[:MOST_LOOKED_INTO]:
        place = listed.places[name]
        location = place.location if isinstance(place, SourceFile) else str(place)
        use, why = look_into(kind, name, location, listed.places.keys())
        if use is Use.READ:
            found.add(name)
        elif use is Use.GAP:
            listed.problems.append(Rejected(name, 0, why))
        else:
            left_out.append(f"{_shown(name)} ({why})")
    left_out += [f"{_shown(name)} (not looked into)" for name in rest[MOST_LOOKED_INTO:]]
    if left_out:
        more = f" and {len(left_out) - _OTHERS_NAMED} more" if len(left_out) > _OTHERS_NAMED else ""
        listed.notes.append(f"not read: {', '.join(left_out[:_OTHERS_NAMED])}{more}")
    return found


def is_unchanged(file: SourceFile) -> bool:
    """Return whether a file is still the one that was listed; objects in a store count as unchanged."""
    if is_remote(file.location):
        return True
    try:
        path = Path(file.location)
        return _stat(path, file.name, path.stat()) == file
    except OSError:
        return False


def has_only_grown(file: SourceFile) -> bool:
    """Return whether a changed file is at least as long as when it was listed."""
    try:
        return Path(file.location).stat().st_size >= file.bytes
    except OSError:
        return False


def _roots(kind: type[Kind], text: str) -> list[str]:
    """Return the folders and files that a path, glob or address names."""
    if is_remote(text):
        system = file_system(text)
        paths_there = [text.rstrip("/")]
        if has_magic(text):
            paths = _remotely(text, lambda: system.glob(text))
            paths_there = sorted(_address(text, path) for path in paths if "/." not in path)  # as a shell does
    else:
        paths_there = [text] if not has_magic(text) or _is_there(text) else sorted(glob(text, recursive=True))  # noqa: PTH207 - as a shell does, absolute or not
        paths_there = [path for path in paths_there if _is_there(path)]
    if not paths_there:
        option = f" given as --{kind.sources[0]}" if kind.sources else ""
        raise SourceError(f"{_shown(text)}: no such file or folder; check the path{option}")
    return paths_there


def _is_there(text: str) -> bool:
    """Return whether a path exists; raise `SourceError` if the system does not say."""
    try:
        Path(text).lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        raise SourceError(f"{_shown(text)}: {why_not_opened(error)}") from None
    return True


def _local(kind: type[Kind], given: Path) -> _Listed:
    listed = _Listed()
    root = kind.root_of(given)
    try:
        mode = root.stat().st_mode
    except OSError as error:
        raise SourceError(f"{_shown(str(given))}: {_why_no_file(error)}") from None
    if stat.S_ISREG(mode):
        listed.places[""] = root
    elif stat.S_ISDIR(mode):
        _walk(root, listed)
    else:
        raise SourceError(f"{_shown(str(given))}: a pipe or a device cannot be read twice; write it to a file first")
    return listed


def _walk(root: Path, listed: _Listed) -> None:
    """Collect all files below a folder, through links too, but each folder once: a link may lead back."""
    seen: set[tuple[int, int]] = set()

    def refused(error: OSError) -> None:
        if Path(error.filename) == root:
            raise SourceError(f"{_shown(str(root))}: {_why_no_file(error)}") from None
        name = Path(error.filename).relative_to(root).as_posix()
        listed.folders_refused.append(Rejected(name, 0, f"the folder cannot be listed: {_why_no_file(error)}"))

    for text, folders, names in os.walk(root, followlinks=True, onerror=refused):
        folder = Path(text)
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            name = _shown(folder.relative_to(root).as_posix())
            listed.notes.append(f"{name} is a link to a folder that is read already; it is left out")
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            _note(folder / name, (folder / name).relative_to(root).as_posix(), listed)


def _note(path: Path, name: str, listed: _Listed) -> None:
    try:
        if stat.S_ISREG(path.stat().st_mode):
            listed.places[name] = path
        else:
            listed.problems.append(Rejected(name, 0, "it is a pipe or a device, not a file, so it was not read"))
    except OSError as error:
        listed.problems.append(Rejected(name, 0, _why_no_file(error)))


def _why_no_file(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it is a link that leads back to itself"
    if isinstance(error, FileNotFoundError):
        return "it is a broken link, or was deleted"
    return why_not_opened(error)


def _stat(path: Path, name: str, status: os.stat_result) -> SourceFile:
    return SourceFile(name, str(path), status.st_size, status.st_mtime_ns, _mark(path, status.st_size))


def _mark(path: Path, size: int) -> str:
    """Return a hash of both ends of a file; empty if it cannot be read: the reader reports that."""
    try:
        with open_regular(path) as raw:
            head = raw.read(_MARK_BYTES)
            raw.seek(max(0, size - _MARK_BYTES))
            return blake2b(head + raw.read(_MARK_BYTES), digest_size=16).hexdigest()
    except OSError:
        return ""


def _common_folder(folder: str | None, names: Sequence[str]) -> str:
    """Return the path, with its slash, of the one folder of this name that is above all names; else ''."""
    if folder is None:
        return ""
    above = Counter(name[: f"/{name}".index(f"/{folder}/") + len(folder) + 1] for name in within(folder, names))
    return next(iter(above)) if len(above) == 1 and sum(above.values()) == len(names) else ""


def _shown(name: str) -> str:
    """Return a name as text that any report can hold, whatever its bytes; different names stay different."""
    return os.fsencode(name.replace("\\", "\\\\")).decode("utf-8", "backslashreplace")


def _remote(address: str) -> _Listed:
    """List the files below an address, without hidden files and markers of folders."""
    system = file_system(address)
    details_by_path = _remotely(address, lambda: _details(system, address))
    if not details_by_path:
        raise SourceError(f"{address}: no such file or folder, or it is empty; check the address")
    root = system._strip_protocol(address)  # noqa: SLF001 - fsspec has no public name for this
    places: dict[str, Path | SourceFile] = {}
    for path, details in sorted(details_by_path.items()):
        name = path[len(root) :].lstrip("/")
        if path.endswith("/") or any(part.startswith(".") for part in name.split("/")):
            continue
        size = int(details.get("size") or 0)
        mark = "|".join(str(details[key]) for key in _MARKS if details.get(key) is not None)
        places[name] = SourceFile(name, _address(address, path), size, 0, mark)
    return _Listed(places)


def _details(system: Any, address: str) -> dict[str, Any]:
    """Return what a store says about each file; for the address of a file, Azure's library returns only the name."""
    details_by_path: dict[str, Any] | list[str] = system.find(address, detail=True)
    return (
        details_by_path if isinstance(details_by_path, dict) else {path: system.info(path) for path in details_by_path}
    )


def _address(like: str, path: str) -> str:
    """Return the address of a path in a store, with the scheme of another address."""
    return f"{like.partition('://')[0]}://{path}"


def _remotely(address: str, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except FileNotFoundError:
        raise SourceError(f"{address}: no such bucket or file; check the address") from None
    except PermissionError:
        raise SourceError(f"{address}: access was refused; check the credentials in the environment") from None
    except Exception as error:  # noqa: BLE001 - each store's library has other errors
        raise SourceError(f"{address}: {why_no_store(address, error)}") from None


def local_roots(given: Sequence[str]) -> Iterator[Path]:
    """Yield the local folders and files that paths and globs name."""
    for text in given:
        if not is_remote(text):
            yield from map(Path, [text] if os.path.lexists(text) else sorted(glob(text, recursive=True)))  # noqa: PTH207 - as above
