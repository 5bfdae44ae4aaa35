"""Opens the pairs whose payload hashes differ and finds what differs in them.

Pairs are opened in batches, in the order of Segment's files, so that memory is bounded and few files are unpacked
twice. A pair that cannot be opened again still counts as drift, since its hashes differ; its file is named as a gap.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines_client.canonical import PAYLOAD_FIELD, canonical_bytes
from pipelines_client.evidence.files.open import CutError, cpus, why_not_opened
from pipelines_client.evidence.files.rows import reopen_rows
from pipelines_client.evidence.lines import LineRejectedError
from pipelines_client.evidence.payloads import is_json
from pipelines_client.parity.differences.diff import Difference, drift, json_type
from pipelines_client.parity.differences.expected import WHOLE_PAYLOAD, builtin_of
from pipelines_client.parity.questions.rows import DriftPairsRow

if TYPE_CHECKING:
    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.parity.facts.cured import SideCure
    from pipelines_client.parity.facts.packs import Reading

MAX_PAIRS = 50_000
"""The most pairs that are opened. Beyond it the counts of paths cover only the opened pairs, as the report says."""

SAMPLE_DIFFERENCES = 10
"""The most differences of a sample that are shown."""

_OPENED_BYTES = 128 << 20  # of lines held at a time: 50,000 pairs of ordinary calls
_MAX_SPOTS = 250_000  # of all signatures; reached only if the keys of payloads hardly ever repeat
_MAX_NAMES = 1_000  # paths and kinds that have samples
_MAX_SHOWN_BYTES = 2_000

LocationOf = Callable[[str], str]


class Spot(NamedTuple):
    """Where and how two payloads differ; `builtin` names the built-in rule that knows it by its values, if any."""

    path: str
    kind: str
    builtin: str


class Signature(NamedTuple):
    """What the report counts drifted messages by. `is_faulty` messages are wrong in another way too."""

    event: str
    type: str
    day: str
    side: str
    is_faulty: bool
    spots: frozenset[Spot]


@dataclass(frozen=True, slots=True)
class OpenedPair:
    """A message that drifted and its first differences. Left is Segment; large values are replaced by a description."""

    row: DriftPairsRow
    signature: Signature
    differences: list[Difference]


@dataclass(slots=True)
class DriftResult:
    """What opening the pairs found; `samples` holds the first few messages of each path and kind."""

    examined: int = 0
    signatures: Counter[Signature] = field(default_factory=Counter)
    samples: list[OpenedPair] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Opener:
    """Where the lines of one source are, how to read them, and the reading that notes those that are gone.

    `cure` is what the team's cures mean for its payloads.
    """

    kind: Kind
    location_of: LocationOf
    reading: Reading
    cure: SideCure | None = None


class _Large(str):
    """The description of a value that is too large to be kept."""

    __slots__ = ()


class _Samples:
    """Keeps the first few messages of each path and kind; messages may come in any order."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._first: dict[tuple[str, str], list[int]] = {}
        self._uses: Counter[int] = Counter()
        self._pairs: dict[int, OpenedPair] = {}

    def offer(self, number: int, row: DriftPairsRow, signature: Signature, differences: list[Difference]) -> None:
        """Keep the `number`th message if it is among the first of a path and kind."""
        for name in {(spot.path, spot.kind) for spot in signature.spots}:
            first = self._first.get(name, [])
            if len(first) >= self._each and (not first or number > first[-1]):
                continue
            if not first:
                if len(self._first) >= _MAX_NAMES:
                    continue
                self._first[name] = first
            insort(first, number)
            self._uses[number] += 1
            if len(first) > self._each:
                self._drop(first.pop())
        if self._uses[number]:
            kept = [_kept(difference) for difference in differences[:SAMPLE_DIFFERENCES]]
            self._pairs[number] = OpenedPair(row, signature, kept)
        else:
            del self._uses[number]

    def all(self) -> list[OpenedPair]:
        """Return the samples in the order of the messages."""
        return [self._pairs[number] for number in sorted(self._pairs)]

    def _drop(self, number: int) -> None:
        self._uses[number] -= 1
        if not self._uses[number]:
            del self._uses[number]
            self._pairs.pop(number, None)


class _Tally:
    """Counts the pairs by signature and keeps samples."""

    def __init__(self, samples_each: int) -> None:
        self._signatures: Counter[Signature] = Counter()
        self._samples = _Samples(samples_each)
        self._spots = 0

    def take(self, number: int, row: DriftPairsRow, differences: list[Difference]) -> None:
        """Count the `number`th pair."""
        spots = frozenset(Spot(one.path, one.kind, builtin_of(one, row.type)) for one in differences)
        signature = Signature(row.label, row.type, row.day, _side(row), bool(row.is_faulty), spots)
        if signature not in self._signatures:
            if self._spots + len(spots) > _MAX_SPOTS:
                differences = [_WHOLE]
                signature = signature._replace(spots=frozenset((Spot(WHOLE_PAYLOAD, "value", ""),)))
            self._spots += len(signature.spots)
        self._signatures[signature] += 1
        self._samples.offer(number, row, signature, differences)

    def result(self) -> DriftResult:
        """Return the counts and samples."""
        return DriftResult(self._signatures.total(), self._signatures, self._samples.all())


class _Lost:
    """Files that could not be opened again or compared; each is named once."""

    def __init__(self, openers: dict[str, Opener]) -> None:
        self._openers = openers
        self._files: dict[tuple[str, str], str] = {}
        self._notes: dict[tuple[str, str], str] = {}

    def lose(self, side: str, file: str, why: str) -> None:
        """Note a file with a line that is gone."""
        self._files.setdefault((side, file), why)

    def note(self, side: str, row: DriftPairsRow, error: Exception) -> None:
        """Note a line whose differences cannot be found."""
        file = getattr(row, f"{side}_file")
        is_deep = isinstance(error, RecursionError)
        why = "nested too deep to find where it differs" if is_deep else f"not compared ({type(error).__name__})"
        self._notes.setdefault((side, file), f"{file}:{getattr(row, f'{side}_line')}: {why}")

    def report(self) -> None:
        """Add the notes to the readings of the sources: a file that has changed is a gap in its evidence."""
        for (side, file), why in sorted(self._files.items()):
            reason = f"could not be opened again ({why}); run again"
            self._openers[side].reading.reject(file, 0, reason, incomplete=True)
        for (side, _), note in sorted(self._notes.items()):
            self._openers[side].reading.notes.append(note)


_WHOLE = Difference(WHOLE_PAYLOAD, "value", Difference.ABSENT, Difference.ABSENT)
_Lines = dict[tuple[str, int], bytes]
_Numbered = tuple[int, DriftPairsRow]


def open_pairs(rows: list[DriftPairsRow], openers: dict[str, Opener], *, samples_each: int) -> DriftResult:
    """Open each pair and find what differs; each path and kind gets `samples_each` samples.

    The readings of the openers, which are by side, note what could not be opened again.
    """
    tally, lost = _Tally(samples_each), _Lost(openers)
    both: list[_Numbered] = []
    for number, row in enumerate(rows[:MAX_PAIRS]):
        if row.exports_drift:
            both.append((number, row))
        else:
            tally.take(number, row, [_WHOLE])
    for some in _batches(both):
        lines = _lines(some, openers, lost)
        for number, row in some:
            tally.take(number, row, _differences(number, row, lines, openers, lost) or [_WHOLE])
    lost.report()
    return tally.result()


def _side(row: DriftPairsRow) -> str:
    """Return which side differs from what was sent; without the ledger it is unknown."""
    if not row.in_ledger:
        return "unknown"
    if row.segment_drift and row.customerio_drift:
        return "both"
    return "segment" if row.segment_drift else "customerio"


def _batches(rows: list[_Numbered]) -> Iterator[list[_Numbered]]:
    """Group pairs in the order of Segment's files, each batch as large as memory allows."""
    held: list[_Numbered] = []
    size = 0
    for number, row in sorted(rows, key=lambda one: (one[1].segment_file, one[1].segment_offset)):
        row_bytes = (row.segment_bytes or 0) + (row.customerio_bytes or 0)
        if held and size + row_bytes > _OPENED_BYTES:
            yield held
            held, size = [], 0
        held.append((number, row))
        size += row_bytes
    if held:
        yield held


def _lines(rows: Iterable[_Numbered], openers: dict[str, Opener], lost: _Lost) -> _Lines:
    """Return the lines of both sides by side and number. Files are unpacked in parallel, since that takes the time."""
    wanted: dict[tuple[str, str], list[_Numbered]] = defaultdict(list)
    for number, row in rows:
        for side in openers:
            wanted[side, getattr(row, f"{side}_file")].append((number, row))
    lines: _Lines = {}

    def read(place: tuple[str, str]) -> None:
        side, file = place
        rows = sorted(wanted[place], key=lambda one: getattr(one[1], f"{side}_offset"))
        spans = [(getattr(row, f"{side}_offset"), getattr(row, f"{side}_bytes")) for _, row in rows]
        opener = openers[side]
        try:
            again = reopen_rows(opener.location_of(file), spans, columns=opener.kind.columns)
            for (number, _), data in zip(rows, again, strict=True):
                if data is None:
                    lost.lose(side, file, "a row is damaged")
                else:
                    lines[side, number] = data
        except Exception as error:  # noqa: BLE001 - each library of a store raises other errors
            lost.lose(side, file, _why(error))

    with ThreadPoolExecutor(cpus()) as threads:
        deque(threads.map(read, wanted), maxlen=0)
    return lines


def _differences(
    number: int, row: DriftPairsRow, lines: _Lines, openers: dict[str, Opener], lost: _Lost
) -> list[Difference] | None:
    """Compare a pair and release its lines. Return None if a payload is gone or cannot be compared."""
    payloads = {side: _payload(lines.pop((side, number), None), row, side, openers[side], lost) for side in openers}
    if sum(payload is not None for payload in payloads.values()) < len(openers):
        return None
    (left,), (right,) = payloads["segment"] or (None,), payloads["customerio"] or (None,)
    try:
        differences = drift(left, right, PAYLOAD_FIELD.get(row.type, ""))
    except Exception as error:  # noqa: BLE001 - a payload that cannot be compared must not stop the others
        _let_pass(error)
        for side in openers:
            lost.note(side, row, error)
        return None
    if not differences:
        for side in openers:
            lost.lose(side, getattr(row, f"{side}_file"), _CHANGED)
    return differences


_CHANGED = "it has changed since it was read"


def _payload(data: bytes | None, row: DriftPairsRow, side: str, opener: Opener, lost: _Lost) -> tuple[Any] | None:
    """Return the payload of a line in a tuple, since it may be None; or None if the line has changed."""
    if data is None:
        return None
    file = getattr(row, f"{side}_file")
    try:
        fact, payload = opener.kind.read(data, file, getattr(row, f"{side}_line"), getattr(row, f"{side}_offset"))
    except Exception as error:  # noqa: BLE001 - as any line that is read
        _let_pass(error)
        lost.lose(side, file, _why(error))
        return None
    if fact.message_id != row.message_id:
        lost.lose(side, file, _CHANGED)
        return None
    return (payload if opener.cure is None else opener.cure(fact, payload)[1],)


def _why(error: Exception) -> str:
    _let_pass(error)
    is_ours = isinstance(error, (CutError, LineRejectedError))
    why = str(error) if is_ours else why_not_opened(error) if isinstance(error, OSError) else type(error).__name__
    return why.removesuffix("; run again")


def _let_pass(error: Exception) -> None:
    if type(error) is MemoryError:
        raise error


def _kept(difference: Difference) -> Difference:
    """Return a difference with large values replaced by a description."""
    return replace(difference, left=_small(difference.left), right=_small(difference.right))


def _small(value: Any) -> Any:
    try:
        is_large = value is not Difference.ABSENT and len(canonical_bytes(value)) > _MAX_SHOWN_BYTES
    except (RecursionError, ValueError, TypeError):
        is_large = True
    return _Large(show(value, is_redacted=True)) if is_large else value


def show(value: Any, *, is_redacted: bool) -> Any:
    """Return a value for a sample, or its type and length if values are redacted or it was too large to be kept."""
    if type(value) is _Large:
        return str(value)
    kind = json_type(value)
    if kind in ("absent", "null"):
        return kind
    if not is_redacted:
        return value
    if kind == "string":
        return f"{'JSON text' if is_json(value) else 'string'} of {len(value)}"
    if kind == "array":
        return f"array of {len(value)}"
    return f"object of {len(value)} keys" if kind == "object" else kind
