"""What a kind of evidence must offer, and the few steps that all kinds share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from pipelines_client.errors import SourceError
from pipelines_client.ledger import hash_identity, primary_identity
from pipelines_client.parity.payloads import hash_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import msgspec

    from pipelines_client.parity.facts import Fact

CALL_TYPES = frozenset(("identify", "track", "page", "screen", "group", "alias"))


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of evidence as it was when it was listed; all of it together is the key under which facts may be kept."""

    name: str
    bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a source: those that will be read, and those that are none of its kind."""

    root: Path
    files: tuple[SourceFile, ...]
    ignored: tuple[str, ...]

    def path_of(self, name: str) -> Path:
        """Return where a file of this listing lies."""
        return path_in(self.root, name)


class LineRejectedError(ValueError):
    """A line is no fact; the text says why, without quoting it."""


class Kind(ABC):
    """One kind of evidence. Stateless but for the identity key, so that any process can read any file of it."""

    name: ClassVar[str]
    title: ClassVar[str]
    litter: ClassVar[frozenset[str]] = frozenset()  # names of files that lie beside the evidence and mean nothing
    cure: ClassVar[str]

    def __init__(self, identity_key: bytes) -> None:
        self.identity_key = identity_key

    @classmethod
    @abstractmethod
    def wants(cls, path: Path) -> bool:
        """Say whether a file in a folder is of this kind, by its name."""

    @classmethod
    def root_of(cls, path: Path) -> Path:
        """Return the folder or file that holds the evidence when a user gave `path`."""
        return path

    @classmethod
    def holes(cls, names: Iterable[str]) -> list[str]:
        """Name the files that the sequence of these names lacks; [] where a kind has no sequence."""
        del names
        return []

    @abstractmethod
    def read_line(self, data: bytes, file: str, line: int, offset: int) -> Fact:
        """Turn one line into a fact.

        Raises:
            LineRejectedError: The line is no message of this kind.
        """

    @abstractmethod
    def payload_of(self, data: bytes, call_type: str) -> Any:
        """Return the properties or traits of a line that was a fact; None where its kind keeps no payload."""


def path_in(root: Path, name: str) -> Path:
    """Return where a listed file lies: a source may be a folder or one file."""
    return root if root.is_file() else root / name


def list_files(kind: type[Kind], given: Path) -> Listing:
    """Find the files of a source.

    Raises:
        SourceError: There is no such path, or a folder that holds files and none of this kind.
    """
    if not given.exists():
        raise SourceError(f"{given}: no such file or folder; check the path given as --{kind.name}")
    root = kind.root_of(given)
    if root.is_file():
        return Listing(root, (_stat(root, root.name),), ())
    wanted: list[SourceFile] = []
    ignored: list[str] = []
    for path in sorted(_walk(root)):
        name = path.relative_to(root).as_posix()
        if kind.wants(path):
            wanted.append(_stat(path, name))
        elif path.name not in kind.litter:
            ignored.append(name)
    if ignored and not wanted:
        raise SourceError(f"{given}: holds no file of {kind.title}, but for example {ignored[0]}; {kind.cure}")
    return Listing(root, tuple(wanted), tuple(ignored))


def vendor_of(data: bytes) -> str | None:
    """Name the kind of evidence that a line looks like, or None."""
    try:
        line = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(line, dict):
        return None
    if "message_id" in line and "leg" in line:
        return "ledger"
    if "messageId" in line:
        return "segment"
    if "id" in line and ("received_at" in line or "sent_at" in line):
        return "customerio"
    return None


def text_of(value: Any) -> str | None:
    """Return an id or name as text; numbers are spelled as JSON does, all else that is no text is None."""
    if type(value) is str:
        return value or None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(int(value)) if value == int(value) else str(value)
    return None


def name_of(value: Any) -> str | None:
    """Return an event's name without the spaces around it, which Customer.io trims (FACTS C13)."""
    text = text_of(value)
    return None if text is None else text.strip() or None


def identity_of(key: bytes, user: Any, anonymous: Any, group: Any) -> tuple[str | None, str | None]:
    """Return the keyed hash of the identity a message is about, and its kind."""
    identity = primary_identity(text_of(user), text_of(anonymous), text_of(group))
    return hash_identity(key, identity), None if identity is None else identity.partition(":")[0]


def hash_payload(raw: msgspec.Raw) -> str:
    """Hash a payload as the client did.

    Raises:
        LineRejectedError: It is no JSON, or nested deeper than any reader follows.
    """
    try:
        return hash_text(bytes(raw))
    except orjson.JSONDecodeError as error:
        raise LineRejectedError(f"its payload is no JSON ({error.msg})") from None
    except RecursionError:
        raise LineRejectedError("its payload is nested too deep to compare") from None
    except (ValueError, TypeError) as error:
        raise LineRejectedError(f"its payload has no canonical form ({type(error).__name__})") from None


def _walk(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts):
            yield path


def _stat(path: Path, name: str) -> SourceFile:
    status = path.stat()
    return SourceFile(name, status.st_size, status.st_mtime_ns)
