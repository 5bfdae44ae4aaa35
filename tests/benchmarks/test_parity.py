import gzip
import sys
from pathlib import Path

import pytest

from benchmarks import parity
from benchmarks.exports import Exports, make
from benchmarks.statistics import BrokenError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """Two exports of two thousand messages."""
    return make(tmp_path_factory.mktemp("exports"), 2000)


def test_each_fault_is_planted_once_in_a_thousand(data: Exports) -> None:
    """In files that are all there; the rest of the messages is at both sides."""
    faults = ("missing_segment", "missing_customerio", "drift", "duplicates")
    assert data.planted == dict.fromkeys(faults, 2)
    assert len(data.paths) == 16
    assert data.bytes_packed < data.bytes_raw


def test_the_same_count_gives_the_same_lines(data: Exports, tmp_path: Path) -> None:
    """So two runs of the benchmark read the same."""
    again = make(tmp_path, 2000)
    assert again.bytes_raw == data.bytes_raw
    texts = [[gzip.decompress(Path(path).read_bytes()) for path in made.paths] for made in (again, data)]
    assert texts[0] == texts[1]


def test_ours_finds_what_was_planted_and_is_measured(data: Exports, tmp_path: Path) -> None:
    """Time, CPU and memory of all its processes; the floor, which does less, has them too."""
    for found in (parity.ours(data, cache=tmp_path), parity.floor(data)):
        assert min(found.seconds, found.cpu_s, found.peak_mb) > 0


def test_a_report_that_misses_a_planted_fault_is_broken(data: Exports, tmp_path: Path) -> None:
    """Whatever it cost."""
    other = Exports(data.segment, data.customerio, data.bytes_raw, {**data.planted, "drift": 3}, data.lines)
    with pytest.raises(BrokenError, match=r"pipelines-client: planted .*'drift': 3.*reported .*'drift': 2"):
        parity.ours(other, cache=tmp_path)


def test_a_floor_that_reads_another_number_of_lines_is_broken(data: Exports) -> None:
    """It would make every ratio look better, or worse."""
    with pytest.raises(BrokenError, match="the floor: planted"):
        parity.floor(Exports(data.segment[1:], data.customerio, data.bytes_raw, data.planted, data.lines))


def test_without_pandas_and_datacompy_the_case_says_how_to_get_them(
    data: Exports, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They are not left out in silence."""
    monkeypatch.setattr(parity, "PEERS_PYTHON", tmp_path / ".venv-peers" / "bin" / "python")
    for run in (parity.versions, lambda: parity.pandas(data), lambda: parity.datacompy(data)):
        with pytest.raises(BrokenError, match=r"pandas and datacompy are not installed; make \.venv-peers"):
            run()


def test_a_command_that_fails_is_told_with_its_last_words() -> None:
    """As are runs of the client."""
    with pytest.raises(BrokenError, match=r"the try ended with 7: no luck"):
        parity.measure("the try", [sys.executable, "-c", "import sys; print('no luck', file=sys.stderr); sys.exit(7)"])


def test_a_command_that_hangs_is_ended_and_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark does not wait for ever."""
    monkeypatch.setattr(parity, "PATIENCE_S", 0.1)
    with pytest.raises(BrokenError, match="the try ended with -9"):
        parity.measure("the try", [sys.executable, "-c", "import time; time.sleep(60)"])


def test_memory_is_that_of_all_processes_together() -> None:
    """A child's forty megabytes count as its parent's own."""
    child = "import time; held = bytearray(b'x') * (40 << 20); time.sleep(0.5); print(len(held))"
    alone, _ = parity.measure("alone", [sys.executable, "-c", "import time; time.sleep(0.5); print(1)"])
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    both, _ = parity.measure("both", [sys.executable, "-c", code])
    assert both.peak_mb > alone.peak_mb + 40
