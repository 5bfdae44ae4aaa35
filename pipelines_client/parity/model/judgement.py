"""What the findings mean: expected differences, noise, readiness, the bounds of loss, and checks. Pure."""

from __future__ import annotations

from typing import Literal

from pipelines_client.parity.model.base import Frozen, Side
from pipelines_client.parity.model.verdict import GateResult, Verdict


class ExpectedRow(Frozen):
    """A rule for an expected difference, and how many messages it applies to.

    Messages of a rule that has not expired are counted here and nowhere else. An expired rule explains nothing: its
    `count` says how many messages are counted elsewhere again. `kind` is empty for any kind of drift. `expiry` is the
    last UTC day, None for a rule that comes with the package. `library`, `write_key` (its last four characters) and
    `source` (the id of a Segment source) name the writer that a rule is about; empty for any.
    """

    name: str
    kind: Literal["", "missing_key", "null", "type", "value", "missing"]
    path: str
    event: str
    side: Literal["", "segment", "customerio"]
    library: str = ""
    write_key: str = ""
    source: str = ""
    reason: str
    owner: str
    expiry: str | None
    is_builtin: bool
    is_expired: bool
    count: int


MOST_ROWS = 1000
"""The most rows of a check's answer that are counted. One more is fetched, which shows that there are more."""

ERROR_PCT = 1.0
"""The probability in percent that a report calls noise drift."""


class NoiseRow(Frozen):
    """A path that differs, compared with how often a leg differs from itself at that path.

    `noise`: no more than in the baseline. `drift`: proven to be more. `unproven`: the baseline has no difference there,
    but is too short to prove that this is more. It counts as drift; alone it makes a gate inconclusive, not failed.
    """

    path: str
    kind: Literal["missing_key", "null", "type", "value"]
    count: int
    baseline_count: int
    result: Literal["drift", "noise", "unproven"]


class Noise(Frozen):
    """The comparison of a leg with itself. `error_pct` is the probability that a report calls noise drift.

    `gaps` says what could not be read of the second archive; while there is any, its noise is not known.
    """

    side: Side
    path: str
    compared: int
    baseline_compared: int
    error_pct: float = ERROR_PCT
    rows: tuple[NoiseRow, ...]
    gaps: tuple[str, ...] = ()


class Judged(Frozen):
    """What a run looked at, and the limits it was judged by: from these the history tells which days count.

    The window is `since` to `until`, None is open; what was taken before `settled_until` will not be judged again.
    `newest` is when the newest judged message of each source was taken. `applications` are marks of the ledger's
    identity keys, `limits` is a mark of the gates of `parity.toml`; `is_exploratory` says that the command line
    loosened or tightened them.
    """

    sources: tuple[str, ...]
    since: str | None
    until: str | None
    settled_until: str | None
    newest: dict[str, str | None]
    applications: tuple[str, ...]
    limits: str
    is_exploratory: bool


class TrendDay(Frozen):
    """The runs of one UTC day; `verdict` is None for a day without a run.

    `is_in_row`: one of the passing days in a row that are counted. `note` gives the reason of the verdict.
    """

    day: str
    verdict: Verdict | None
    runs: int
    messages: int
    missing_pct: float
    drift_pct: float
    is_in_row: bool
    note: str = ""


class Readiness(Frozen):
    """Whether there are enough passing days in a row, up to this run, for the cutover.

    `since` is the first of them. `trend` has the last 30 days, oldest first. `unread_lines` are lines of the history
    that could not be read; their days count as days without a run.
    """

    state: Literal["ready", "not_yet"]
    passed_days: int
    ready_after_days: int
    days_left: int
    since: str | None
    reason: str
    unread_lines: int = 0
    trend: tuple[TrendDay, ...]


class LossBound(Frozen):
    """The largest loss at one side that is still possible, of all messages and of those of an average hour.

    `messages` should be at the side; `missing` of them are not. `at_most_pct` assumes that messages are lost
    independently; `hour_at_most_pct` is the largest share that an average hour loses, also when losses come in bursts.
    `one_in` and `hour_one_in` say the same as "fewer than one in"; None if nothing is proven.
    """

    side: Side
    messages: int
    missing: int
    at_most_pct: float
    one_in: int | None
    hours: int
    lossy_hours: int
    hour_at_most_pct: float
    hour_one_in: int | None
    words: str


class ThinEvent(Frozen):
    """An event within its limit of loss that has too few messages to prove it.

    `needed` messages would prove it if no more are missing; None if no number would, because the limit is 0.
    """

    side: Side
    event: str
    type: str
    messages: int
    missing: int
    limit_pct: float
    at_most_pct: float
    needed: int | None


class Unseen(Frozen):
    """What is proven about loss. Each bound holds with `confidence_pct` over all reports of a history together.

    This is report `look` of its history; each of its bounds is wrong with a probability of `error_pct` or less.
    `thin_events` counts all events with too few messages; the first 1,000 are listed.
    """

    confidence_pct: float
    look: int
    error_pct: float
    words: str
    bounds: tuple[LossBound, ...]
    thin_events: int
    thin: tuple[ThinEvent, ...]


class CheckReport(Frozen):
    """The result of one check. `rows` are the first 20 of `count`, a value for each column; 1,001 is more than 1,000.

    Texts are shown as their length, unless the report shows values or the column is one that every report shows.
    """

    name: str
    reason: str
    expect: str
    result: GateResult
    words: str
    count: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | None, ...], ...]
