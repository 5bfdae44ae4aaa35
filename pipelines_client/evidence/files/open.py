"""Opens files of evidence: local or in an object store, gzipped or plain, as UTF-8 or UTF-16.

Files are read in chunks, so memory stays bounded. Reading stops at a file that unpacks to far more than any export
does. A file that cannot be read raises `CutError` after its last good byte.
"""

from __future__ import annotations

import codecs
import logging
import os
import zlib
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from isal import isal_zlib
from isal.igzip_lib import IsalError

from pipelines_client.errors import SourceError
from pipelines_client.files import GZIP_MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BOM = codecs.BOM_UTF8
_CHUNK_BYTES = 1 << 18  # fits into the cache of a core: chunks of a megabyte take a third longer to unpack and split
_PACKED_BYTES = 1 << 18
_GZIP_WBITS = 31
_MAX_LAYERS = 3
_MAX_TIMES = 200  # calls as JSON pack to a tenth, mere repeats to a hundredth
_MAX_TIMES_FROM_BYTES = 64 << 20
BOMB = f"it unpacks to more than {_MAX_TIMES} times its size, which no export does; the rest is not read"
_NO_GZIP = cast("type[Exception]", IsalError)
_DAMAGE = (OSError, zlib.error, UnicodeDecodeError, _NO_GZIP)


class _Store(NamedTuple):
    """An object store: our extra that reads it, and the environment variables of its credentials."""

    extra: str
    credentials: str


_S3 = _Store("s3", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
_GCS = _Store("gcs", "GOOGLE_APPLICATION_CREDENTIALS, or a login by gcloud")
_AZURE = _Store("azure", "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME with its credentials")
_STORES = {"s3": _S3, "gs": _GCS, "gcs": _GCS, "az": _AZURE, "abfs": _AZURE, "abfss": _AZURE}

for _name in ("s3fs", "gcsfs", "adlfs", "azure"):  # their log lines may not appear on the terminal
    logging.getLogger(_name).addHandler(logging.NullHandler())


class CutError(Exception):
    """A file is cut off or damaged; the text says how."""


def is_remote(location: str) -> bool:
    """Return whether a location is an address such as `s3://bucket/key`, not a local path."""
    return "://" in location


def file_system(location: str) -> Any:
    """Return the fsspec file system of an address.

    Raises:
        SourceError: The library for such addresses is not installed or not configured.
    """
    scheme = location.partition("://")[0]
    try:
        import fsspec

        kind = fsspec.get_filesystem_class(scheme)
    except (ImportError, ValueError):
        store = _STORES.get(scheme)
        cure = f"pip install 'pipelines-client[{store.extra}]'" if store else "use s3://, gs:// or az://"
        raise SourceError(f"{location}: addresses of {scheme}:// cannot be read; {cure}") from None
    try:
        return kind()
    except Exception as error:  # noqa: BLE001 - each store's library has other errors
        raise SourceError(f"{location}: {why_no_store(location, error)}") from None


def why_no_store(location: str, error: Exception) -> str:
    """Return what to check when a store cannot be reached."""
    store = _STORES.get(location.partition("://")[0])
    cure = f" and its credentials ({store.credentials})" if store else ""
    return f"the store did not answer ({type(error).__name__}); check the address{cure}"


def open_raw(location: str) -> BinaryIO:
    """Open the bytes of a file as they are stored.

    Raises:
        OSError: It does not exist, or permission is denied.
    """
    if is_remote(location):
        return cast("BinaryIO", file_system(location).open(location, "rb"))
    return Path(location).open("rb")


def is_gzip(location: str) -> bool:
    """Return whether a file begins as gzip does (FACTS S8: its name may be wrong)."""
    with open_raw(location) as raw:
        return raw.read(2) == GZIP_MAGIC


def is_bomb(unpacked_bytes: int, stored_bytes: int) -> bool:
    """Return whether a file unpacks to far more than any export does."""
    return unpacked_bytes > _MAX_TIMES_FROM_BYTES and unpacked_bytes > _MAX_TIMES * stored_bytes


def cpus() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_chunks(location: str, *, advance: Callable[[int], object] | None = None) -> Iterator[bytes]:
    """Yield the unpacked bytes of a file, UTF-16 made UTF-8, in chunks of up to a quarter of a megabyte.

    `advance` is called with the number of stored bytes of each read.

    Raises:
        CutError: The file cannot be opened, or is damaged; raised after the last good byte.
    """
    chunks = _stored(location, advance)
    head = next(chunks, b"")
    encoding = _encoding(head)
    if encoding is None:
        if head:
            yield head
        yield from chunks
        return
    yield from _as_utf8(chain((head,), chunks), encoding)


def read_spans(location: str, spans: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """Yield the bytes at each `(offset, length)` of the unpacked file; the offsets must ascend.

    Raises:
        CutError: The file is shorter than before, or damaged.
    """
    held, start, chunks = b"", 0, read_chunks(location)
    for offset, length in spans:
        while start + len(held) < offset + length:
            chunk = next(chunks, None)
            if chunk is None:
                raise CutError("the file is shorter than before")
            keep = held[max(0, offset - start) :]
            start += len(held) - len(keep)
            held = keep + chunk
        yield held[offset - start : offset - start + length]


def why_not_opened(error: Exception) -> str:
    """Return why a listed file could not be opened."""
    if isinstance(error, FileNotFoundError):
        return "it was deleted after the files were listed; run again"
    if isinstance(error, PermissionError):
        return "permission denied; run as a user who may read it"
    said = error.strerror if isinstance(error, OSError) else None
    return f"it cannot be opened ({said or type(error).__name__})"


def _as_utf8(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        for chunk in chunks:
            if text := decoder.decode(chunk):
                yield text.encode("utf-8", "surrogatepass")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise CutError("the file ends or breaks inside a UTF-16 character; copy it again") from None


def _stored(location: str, advance: Callable[[int], object] | None) -> Iterator[bytes]:
    damage = (Exception,) if is_remote(location) else _DAMAGE  # each store's library has other errors
    with ExitStack() as opened:
        try:
            stream = opened.enter_context(open_raw(location))
            head = stream.read(_PACKED_BYTES)
        except damage as error:
            raise CutError(why_not_opened(error)) from None
        packed = _packed(head, stream, advance)
        chunks = _unpack_all(packed)
        while True:
            try:
                chunk = next(chunks, None)
            except CutError:
                raise
            except damage as error:
                raise CutError(f"the file is damaged here ({_why_damaged(error)}); copy it again") from None
            if chunk is None:
                return
            yield chunk


def _why_damaged(error: Exception) -> str:
    if isinstance(error, _NO_GZIP):
        return "wrong gzip checksum, or data that is not gzip"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _packed(head: bytes, stream: BinaryIO, advance: Callable[[int], object] | None) -> Iterator[bytes]:
    chunk = head
    while chunk:
        if advance is not None:
            advance(len(chunk))
        yield chunk
        chunk = stream.read(_PACKED_BYTES)


def _unpack_all(chunks: Iterator[bytes], layer: int = 0) -> Iterator[bytes]:
    """Yield the content of a file, unpacked as often as it was packed: an upload and a download may each have done so.

    What packed it is told by its first bytes, since names may be wrong (FACTS S8).
    """
    head = next(chunks, b"")
    unpack = next((unpack for sign, unpack in _UNPACKERS.items() if head.startswith(sign)), None)
    chunks = chain((head,), chunks)
    if unpack is None:
        yield from chunks
    elif layer >= _MAX_LAYERS:
        raise CutError(f"it was packed more than {_MAX_LAYERS} times, one in another; unpack it first")
    else:
        yield from _unpack_all(unpack(chunks), layer + 1)


def _unpack_bz2(packed_chunks: Iterator[bytes]) -> Iterator[bytes]:
    import bz2

    return _unpack_members(packed_chunks, bz2.BZ2Decompressor, "bz2")


def _unpack_xz(packed_chunks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        import lzma
    except ImportError:
        raise CutError("it is packed with xz, which this Python cannot unpack; unpack it first") from None
    try:
        yield from _unpack_members(packed_chunks, lzma.LZMADecompressor, "xz")
    except lzma.LZMAError:
        raise CutError("the file is damaged here (the xz stream is broken); copy it again") from None


def _unpack_members(packed_chunks: Iterator[bytes], make: Callable[[], Any], name: str) -> Iterator[bytes]:
    """Yield the content of a file that the standard library unpacks, member by member, in bounded chunks."""
    member: Any = None
    stored = total = 0
    for chunk in packed_chunks:
        packed, is_more = chunk, True
        stored += len(chunk)
        while is_more and (packed or member is not None):
            member = member or make()
            unpacked = member.decompress(packed, _CHUNK_BYTES)
            total += len(unpacked)
            if is_bomb(total, stored):
                raise CutError(BOMB)
            if unpacked:
                yield unpacked
            packed, is_more = b"", member.eof or not member.needs_input
            if member.eof:
                packed, member = member.unused_data.lstrip(b"\0"), None
    if member is not None:
        raise CutError(f"the {name} stream is cut off here; copy the file again")


def _unpack(packed_chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content of a gzip file, member by member, up to the last byte before a cut.

    File objects discard what they have unpacked when they reach a cut, so this uses decompressors. Chunks are bounded,
    however well the file is packed.
    """
    member: Any = None
    stored = total = 0
    for chunk in packed_chunks:
        packed = chunk if member is not None else chunk.lstrip(b"\0")  # padding of tapes and some stores
        stored += len(chunk)
        while packed or (member is not None and not member.eof and member.unconsumed_tail):
            if member is None:
                member = isal_zlib.decompressobj(wbits=_GZIP_WBITS)
            unpacked = member.decompress(packed, _CHUNK_BYTES)
            total += len(unpacked)
            if is_bomb(total, stored):
                raise CutError(BOMB)
            if unpacked:
                yield unpacked
            packed = member.unconsumed_tail
            if member.eof:
                packed, member = member.unused_data.lstrip(b"\0"), None
    if member is not None:
        while unpacked := member.decompress(b"", _CHUNK_BYTES):
            yield unpacked
        if not member.eof:
            raise CutError("the gzip stream is cut off here; copy the file again")


_UNPACKERS: dict[bytes, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    GZIP_MAGIC: _unpack,
    b"BZh": _unpack_bz2,
    b"\xfd7zXZ\0": _unpack_xz,
}


def _encoding(head: bytes) -> str | None:
    """Return the encoding of a UTF-16 file, by its byte order mark or the zero byte beside its first character."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) > 1 and 0 in head[:2] and head[:2] != b"\0\0":
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    return None
