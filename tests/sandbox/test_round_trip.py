"""Whatever an API accepts, its export holds, and our readers of evidence read every line of it."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nesting import nested

from pipelines_client.evidence.files.json_lines import read_json
from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.listing import list_files
from pipelines_client.sandbox import Sandbox, Scenario

if TYPE_CHECKING:
    from pipelines_client.evidence.fact import Fact
    from pipelines_client.evidence.kinds.base import Kind

KINDS: dict[str, type[Kind]] = {"customerio": CustomerioFiles, "segment": SegmentArchive}
EXAMPLES = 50
HEADERS = {"authorization": "Basic a2V5Og=="}
EDGES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999-14:00", "9999-12-31T23:59:59.999999Z"]
NUMBERS = [2**64 - 1, -(2**63), 2**53 + 1, 1e308, 5e-324, -0.0]
FAULTS = [
    {"kind": kind, "path": path, "share": 0.1} for kind in ("value", "type") for path in ("properties.x", "traits.x")
]


numbers = st.sampled_from(NUMBERS) | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
leaves = (
    st.none()
    | st.booleans()
    | numbers
    | st.text(max_size=8)
    | st.sampled_from((200, 249, 250, 252, 253, 300)).map(nested)
)
values = leaves | st.lists(leaves, max_size=2) | st.dictionaries(st.text(max_size=3), leaves, max_size=2)
objects = st.fixed_dictionaries({"x": values}) | st.just({})
instants = (
    st.sampled_from(EDGES)
    | st.sampled_from(EDGES)
    | st.datetimes(timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=-14))])).map(datetime.isoformat)
    | values
)
ids = st.none() | st.text(min_size=1, max_size=120) | st.integers(0, 2**60)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["identify", "track", "page", "screen", "group", "alias"]), "userId": ids},
    optional={
        **dict.fromkeys(("messageId", "groupId", "previousId", "event"), ids),
        **dict.fromkeys(("timestamp", "sentAt"), instants),
        **dict.fromkeys(("properties", "traits"), objects),
        **dict.fromkeys(("context", "name"), values),
    },
)
clocks = st.datetimes(datetime.fromisoformat("1970-01-01"), timezones=st.just(timezone(timedelta(hours=14))))
modes = st.sampled_from([None, "batch", "item", "207"])
bodies = st.fixed_dictionaries(
    {"batch": st.lists(messages, min_size=1, max_size=2)}, optional={"sentAt": instants, "context": values}
)


def facts(kind: type[Kind], folder: Path) -> list[Fact]:
    """Read every line of an export; a line that our readers reject is an error."""

    def reject(*told: object, **more: object) -> None:
        raise AssertionError(told, more)

    reader = kind(bytes(32))
    listing = list_files(kind, [str(folder)])
    return [
        reader.read(data, file.name, line, offset)[0]
        for file in listing.files
        for line, offset, data in read_json(listing.location_of(file.name), reject)
    ]


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=EXAMPLES)
@given(body=bodies, mode=modes, is_spoiled=st.booleans(), received_at=clocks)
def test_what_is_accepted_is_exported_and_read_back(
    name: str, body: dict[str, Any], mode: Any, is_spoiled: bool, received_at: datetime
) -> None:
    """No message, fault or clock makes an export that cannot be written or read."""
    scenario = Scenario.model_validate({name: {"change": FAULTS}} if is_spoiled else {})
    sandbox = Sandbox(scenario=scenario, now=lambda: received_at, times="unix" if mode else "iso")
    api = getattr(sandbox, name)
    headers = {**HEADERS, "x-strict-mode": "1"} if mode else HEADERS
    api.strict_bad_item = mode or "batch"
    reply = api.receive("batch", "/v1/batch", headers, json.dumps(body).encode())
    assert reply.status in (200, 207, 400)
    assert reply.status != 200 or api.lost["malformed"] or api.count + api.lost.total() == len(body["batch"])
    with tempfile.TemporaryDirectory() as out:
        sandbox.export(Path(out))
        held = facts(KINDS[name], Path(out) / name) if api.count else []
    assert sorted(fact.message_id for fact in held) == sorted(api.message_ids())
