"""Whatever faults are planted together, the report counts just those."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence import SIDES, START, Evidence
from faults import FAULTS, usual
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from pipelines_client.parity import ParityOptions, run_parity
from pipelines_client.parity.findings import BY_NAME, CLASSES
from pipelines_client.parity.rules import parse_rules

DAYS, A_DAY = 12, 50
RULES = parse_rules({"compare": {"context": ["library.version"]}}, "rules")
CART = {"type": "track", "userId": "u", "event": "Cart Updated", "properties": {"cart_id": "c1"}}


@settings(max_examples=15)
@given(st.lists(st.sampled_from(range(len(FAULTS))), min_size=2, max_size=16))
def test_random_faults_are_counted_and_nothing_else(chosen):
    """Every class at once, any number of each, at either side."""
    with TemporaryDirectory() as folder:
        evidence = Evidence(Path(folder), count=60)
        truth: Counter[str] = Counter()
        for number, index in enumerate(chosen):
            truth += FAULTS[index](evidence, f"person {number}")
        for _ in range(20):  # so that the exports reach further than what was lost
            usual(evidence, "last")
        report = run_parity(evidence.paths(), ParityOptions(rules=RULES), now=START)
        assert {item.name: item.count for item in report.classes if item.count} == dict(truth)
        for item in report.classes:
            assert sum(row.count for row in item.rows) == item.count


@settings(max_examples=2, phases=(Phase.explicit, Phase.generate))
@given(
    lost=st.sets(st.tuples(st.sampled_from(SIDES), st.integers(1, DAYS - 2)), max_size=2),
    busy=st.sampled_from([None, *range(8, DAYS - 1)]),
    is_holed=st.booleans(),
)
@example(lost={("segment", 9), ("customerio", 3)}, busy=9, is_holed=True)
def test_random_days_and_files_are_counted_and_nothing_else(lost, busy, is_holed):
    """Days that a side lacks, a day with too many of an event, a file that is not there."""
    with TemporaryDirectory() as folder:
        evidence = Evidence(Path(folder))
        truth: Counter[str] = Counter(empty_days=len(lost), volume_shifts=int(busy is not None), holes=int(is_holed))
        for day in range(DAYS):
            sent = [
                evidence.add(dict(CART), after=timedelta(days=day, seconds=second))
                for second in range(A_DAY * (4 if day == busy else 1))
            ]
            for side in (side for side, lost_day in lost if lost_day == day):
                for message in sent:
                    message.lose(side)
        paths = evidence.paths()
        if is_holed:
            (paths["customerio"] / "2184.13699.2.track.json").rename(paths["customerio"] / "2184.13699.3.track.json")
        report = run_parity(paths, ParityOptions(), now=START + timedelta(days=DAYS))
        assert {item.name: item.count for item in report.classes if item.count} == {**+truth}


def test_every_sample_says_where_its_message_is():
    """By id, file, line and offset: what stands there is that message, of whatever class."""
    with TemporaryDirectory() as folder:
        evidence = Evidence(Path(folder), count=60)
        for number, plant in enumerate(FAULTS):
            plant(evidence, f"person {number}")
        for _ in range(20):
            usual(evidence, "last")
        paths = {"segment": evidence.write_segment(is_packed=False), "customerio": evidence.write_customerio()}
        report = run_parity({**paths, "ledger": evidence.write_ledger()}, ParityOptions(rules=RULES), now=START)
        kinds = {each.sample for each in CLASSES if each.sample}
        assert {sample.kind for sample in report.samples} == kinds
        files = {path.name: path for root in paths.values() for path in root.rglob("*") if path.is_file()}
        for sample in report.samples:
            places = [(sample.segment, sample.segment_offset), (sample.customerio, sample.customerio_offset)]
            for place, offset in places:
                assert (place is None) == (offset is None)
                if place is not None:
                    name, _, line = place.rpartition(":")
                    data = files[name.rpartition("/")[2]].read_bytes()
                    assert f'"{sample.message_id}"'.encode() in data[offset:].split(b"\n")[0]
                    assert data[:offset].count(b"\n") + 1 == int(line)
            assert sample.message_id
            assert sample.kind == "missing" or any(place for place, _ in places)


def test_every_class_is_planted_at_random():
    """Of each class that a report knows there is a fault in one of the two tests above."""
    with TemporaryDirectory() as folder:
        evidence = Evidence(Path(folder))
        planted = {name for plant in FAULTS for name in plant(evidence, "u")}
    assert planted | {"empty_days", "volume_shifts", "holes"} == set(BY_NAME)
