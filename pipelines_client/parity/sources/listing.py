"""The files of a source, as they were when they were listed: below folders, by glob, or in an object store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from glob import glob, has_magic
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines_client.errors import SourceError
from pipelines_client.parity.files import file_system, is_remote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipelines_client.parity.sources.base import Kind

_MARK_BYTES = 4096
T = TypeVar("T")

_MARKS = ("ETag", "etag", "md5Hash", "content_md5", "generation", "LastModified", "last_modified", "mtime")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of evidence as it was when it was listed; all of it together is the key under which its facts are kept.

    `name` is how reports call it, `location` where it is. `mark` is a hash of its first and last bytes, or what an
    object store says in their place.
    """

    name: str
    location: str
    bytes: int
    modified_ns: int
    mark: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a source: those that will be read, and the names of those that are none of its kind."""

    given: tuple[str, ...]
    files: tuple[SourceFile, ...]
    ignored: tuple[str, ...]

    def location_of(self, name: str) -> str:
        """Return where a file of this listing is."""
        return next(file.location for file in self.files if file.name == name)


def list_files(kind: type[Kind], given: Sequence[str]) -> Listing:
    """Find the files of a source.

    Args:
        kind: What the files are taken for.
        given: Paths, globs or addresses; of a folder, all below it that is of the kind.

    Raises:
        SourceError: There is no such path, or a folder that holds files and none of this kind.
    """
    roots = [root for text in given for root in _roots(kind, text)]
    files: dict[str, SourceFile] = {}
    ignored: list[str] = []
    for root in roots:
        found = _remote_files(root) if is_remote(root) else _local_files(kind, Path(root))
        wanted = [file for file in found if file.name == "" or kind.wants(file.name.rpartition("/")[2])]
        rest = [file.name for file in found if file not in wanted and file.name.rpartition("/")[2] not in kind.litter]
        if rest and not wanted:
            raise SourceError(f"{root}: holds no file of {kind.title}, but for example {rest[0]}; {kind.cure}")
        prefix = "" if len(roots) == 1 else f"{root.rstrip('/')}/"
        for file in wanted:
            name = prefix + file.name if file.name else root if prefix else root.rpartition("/")[2]
            files.setdefault(file.location, replace(file, name=name))
        ignored += [prefix + name for name in rest]
    return Listing(tuple(given), tuple(sorted(files.values(), key=attrgetter("name"))), tuple(sorted(ignored)))


def is_unchanged(file: SourceFile) -> bool:
    """Say whether a file is still what was listed; an object in a store is only ever replaced as a whole."""
    if is_remote(file.location):
        return True
    try:
        return _stat(Path(file.location), file.name) == file
    except OSError:
        return False


def _roots(kind: type[Kind], text: str) -> list[str]:
    """Return the folders and files that a path, glob or address means."""
    if is_remote(text):
        system = file_system(text)
        found = [text.rstrip("/")]
        if has_magic(text):
            found = sorted(system.unstrip_protocol(path) for path in _remotely(text, lambda: system.glob(text)))
    else:
        found = [text] if Path(text).exists() or not has_magic(text) else sorted(glob(text, recursive=True))  # noqa: PTH207 - as a shell has it, absolute or not
        found = [path for path in found if Path(path).exists()]
    if not found:
        raise SourceError(f"{text}: no such file or folder; check the path given as --{kind.usual_source}")
    return found


def _local_files(kind: type[Kind], given: Path) -> list[SourceFile]:
    root = kind.root_of(given)
    if root.is_file():
        return [_stat(root, "")]
    return [_stat(path, path.relative_to(root).as_posix()) for path in sorted(_walk(root))]


def _walk(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts):
            yield path


def _stat(path: Path, name: str) -> SourceFile:
    status = path.stat()
    return SourceFile(name, str(path), status.st_size, status.st_mtime_ns, _mark(path, status.st_size))


def _mark(path: Path, size: int) -> str:
    """Hash the ends of a file; one that may not be read is listed too, and reading it says so."""
    try:
        with path.open("rb") as raw:
            head = raw.read(_MARK_BYTES)
            raw.seek(max(0, size - _MARK_BYTES))
            return blake2b(head + raw.read(_MARK_BYTES), digest_size=16).hexdigest()
    except OSError:
        return ""


def _remote_files(address: str) -> list[SourceFile]:
    system = file_system(address)
    found: dict[str, Any] = _remotely(address, lambda: system.find(address, detail=True))
    if not found:
        raise SourceError(f"{address}: no such file or folder, or it is empty; check the address")
    root = system._strip_protocol(address)  # noqa: SLF001 - fsspec has no public name for it
    return [
        SourceFile(
            path[len(root) :].lstrip("/"),
            system.unstrip_protocol(path),
            int(details.get("size") or 0),
            0,
            "|".join(str(details[key]) for key in _MARKS if details.get(key) is not None),
        )
        for path, details in sorted(found.items())
    ]


def _remotely(address: str, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except FileNotFoundError:
        raise SourceError(f"{address}: no such bucket or file; check the address") from None
    except PermissionError:
        raise SourceError(f"{address}: access was refused; check the credentials in the environment") from None
    except Exception as error:  # noqa: BLE001 - each store's library has errors of its own
        raise SourceError(f"{address}: the store did not answer ({type(error).__name__})") from None
