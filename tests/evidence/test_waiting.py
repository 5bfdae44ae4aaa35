"""Messages that wait in the spools beside the ledger."""

from __future__ import annotations

from pipelines_client.state.runfile import LegReport, RunFile


def test_what_waits_in_the_spools_beside_the_ledger_is_said(evidence, compare):
    """A message that waits on both legs is in no record; the writers' run files know how many there are."""
    paths = evidence.paths()
    (paths["ledger"] / "run").mkdir()
    for writer, pending in (("w1", 3), ("w2", 4)):
        legs = {leg: LegReport(n, n, 0, {}, {}, {}) for leg, n in (("segment", pending), ("customerio", 1))}
        RunFile(legs).write(paths["ledger"] / "run" / f"{writer}.json")
    (paths["ledger"] / "run" / "torn.json").write_text("{")
    state = paths["ledger"]
    for given in (state.parent / f"{state.name[:-1]}*", state.parent, state / "ledger", state):
        report = compare({**paths, "ledger": given})
        assert report.sources["ledger"].waiting == {"customerio": 2, "segment": 7}, given
    assert "2 for Customer.io and 7 for Segment" in " ".join(report.sources["ledger"].notes)
