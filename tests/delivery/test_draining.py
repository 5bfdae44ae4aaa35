from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines_client.config import Settings
from pipelines_client.delivery.draining import drain
from pipelines_client.identity import hash_identity, primary_identity
from pipelines_client.state.identity_key import read_identity_key


def test_what_drain_delivers_has_the_identity_in_the_ledger_that_the_client_would_have_written(
    make_client: Any, sandbox: Any, ledger: Any, state_dir: Path
) -> None:
    """Else parity finds another person in each message that a later process delivered."""
    client = make_client(host="http://127.0.0.1:9", segment_write_key=None)
    assert client.track("user-42", "E", message_id="m1")[0]
    client._pipeline.close(0)
    key = read_identity_key(state_dir)
    settings = Settings.load(write_key="another-key", host=sandbox.customerio.url, state_dir=str(state_dir))
    drain(settings, timeout_s=10, to_current=True)
    assert key is not None
    assert [record.identity for record in ledger.records()] == [
        hash_identity(key, primary_identity("user-42", None, None))
    ]
