"""Messages to look at → the samples of a report. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipelines_client.evidence.fact import NO_ANONYMOUS_ID, NO_GROUP_ID, NO_IDENTITY, NO_OBJECT_TYPE
from pipelines_client.parity import model
from pipelines_client.parity.differences.reopen import SAMPLE_DIFFERENCES, show
from pipelines_client.parity.findings.base import places_of

if TYPE_CHECKING:
    from pipelines_client.parity.differences.reopen import OpenedPair
    from pipelines_client.parity.questions.rows import SamplesRow


def show_samples(
    rows: Iterable[SamplesRow], drifted: Iterable[tuple[OpenedPair, str]], *, is_redacted: bool
) -> tuple[model.Sample, ...]:
    """Return the samples of absences, duplicates, identities and names, and those of drift.

    `drifted` pairs each message that differs with why that is not drift, or an empty text.
    """
    found = [
        model.Sample(
            kind=row.kind,
            side=row.side,
            cause=row.cause,
            reason=row.reason,
            message_id=row.message_id,
            type=row.type,
            event=row.event,
            day=row.day,
            **places_of(row),
        )
        for row in rows
    ]
    return (*found, *(_drift_sample(pair, cause, is_redacted=is_redacted) for pair, cause in drifted))


def _drift_sample(pair: OpenedPair, cause: str, *, is_redacted: bool) -> model.Sample:
    return model.Sample(
        kind="drift",
        side=pair.signature.side,
        cause=cause,
        reason="",
        message_id=pair.row.message_id,
        type=pair.row.type,
        event=pair.row.label,
        day=pair.row.day,
        **places_of(pair.row),
        differences=tuple(
            model.SampleDifference(
                path=difference.path,
                kind=difference.kind,
                segment=show(difference.left, is_redacted=is_redacted),
                customerio=show(difference.right, is_redacted=is_redacted),
            )
            for difference in pair.differences[:SAMPLE_DIFFERENCES]
        ),
    )


def identifiers_of(bits: int, type_: str) -> tuple[str, ...]:
    """Return the names of the identifiers whose bits are set; an alias has a previous id in the place of a group's."""
    names = {
        NO_IDENTITY: "person",
        NO_ANONYMOUS_ID: "anonymousId",
        NO_GROUP_ID: "previousId" if type_ == "alias" else "groupId",
        NO_OBJECT_TYPE: "objectTypeId",
    }
    return tuple(name for bit, name in names.items() if bits & bit)
