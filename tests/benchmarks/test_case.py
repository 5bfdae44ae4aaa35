from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from benchmarks import cases
from benchmarks.__main__ import run
from benchmarks.bench import Bench, arrived
from benchmarks.calls import KINDS, SIZES, make_caller
from benchmarks.case import Budget, Case, Line, Outcome, Plot, Table
from benchmarks.cases import CASES
from benchmarks.report import budget_table
from benchmarks.server import Server
from benchmarks.statistics import BrokenError
from benchmarks.subjects import OURS_DISK
from pipelines_client.client.client import Client
from pipelines_client.clock import utc_now_ms
from pipelines_client.message import build as messages


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The benchmarks' server."""
    with Server() as server:
        yield server


def sound() -> Outcome:
    """An outcome with nothing wrong."""
    return Outcome(
        figures={"cpu": [1.0]},
        budgets=[Budget("cpu", "upstream", 0.5, [0.4, 0.5, 0.9])],
        tables=[Table("", ["a"], [["1"]])],
        plots=[Plot("cpu", "CPU", "x", "y", [Line("ours", [1], [1.0])])],
    )


def test_a_budget_is_met_by_the_median_of_its_pairs() -> None:
    """One pair that was disturbed decides nothing, and the limit itself is within."""
    assert Budget("cpu", "upstream", 0.5, [0.4, 0.5, 0.9]).is_met
    assert not Budget("cpu", "upstream", 0.5, [0.4, 0.51, 0.9]).is_met


def test_the_table_of_budgets_says_which_is_not_met() -> None:
    """A reader finds it without comparing numbers."""
    table = budget_table([Budget("cpu", "upstream", 0.5, [0.7]), Budget("import", "upstream", 1.25, [1.0])])
    assert [line.rpartition("| ")[2] for line in table.splitlines()[2:]] == ["**not met** |", "met |"]


def test_an_outcome_that_is_sound_passes() -> None:
    """Else none of the refusals below would say anything."""
    sound().check()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda outcome: outcome.figures.clear(),
        lambda outcome: outcome.figures.update(cpu=[0.0]),
        lambda outcome: outcome.tables.clear(),
        lambda outcome: outcome.budgets.append(Budget("memory", "upstream", 1, [])),
        lambda outcome: outcome.plots.append(Plot("p", "P", "x", "y", [Line("ours", [1], [float("nan")])])),
    ],
)
def test_an_outcome_with_a_hole_is_refused(spoil) -> None:
    """A figure, a budget's pairs, a plot's point, a table: none may be missing or no number."""
    outcome = sound()
    spoil(outcome)
    with pytest.raises(BrokenError):
        outcome.check()


def test_a_broken_case_is_left_out_and_the_others_go_on(capsys, server: Server, tmp_path: Path) -> None:
    """So that the command can say that one is missing."""
    broken_and_good = [
        Case(name, name, "", lambda _, outcome=outcome: outcome)
        for name, outcome in (("bad", Outcome()), ("good", sound()))
    ]
    assert list(run(broken_and_good, Bench(server, tmp_path))) == ["good"]
    assert "bad … BROKEN: no figures" in capsys.readouterr().err


def test_every_file_of_a_case_has_its_place_on_the_page() -> None:
    """A case that is not in the list would never run."""
    files = {path.stem for path in Path(cases.__path__[0]).glob("*.py")} - {"__init__"}
    assert {case.name for case in CASES} == files
    assert len(CASES) == len(files)
    assert all(case.title and case.about for case in CASES)


def post(address: str, *numbers: int) -> None:
    """Send a batch, as either client spells it."""
    body = ",".join(f'{{"userId": "u{number}"}}' for number in numbers)
    urlopen(Request(f"{address}/v1/batch", f'{{"batch":[{body}]}}'.encode(), method="POST")).close()  # noqa: S310


def test_a_message_that_did_not_arrive_breaks_the_run(server: Server) -> None:
    """Two of three arrived, one of them twice: that is two."""
    target = server.make_target()
    post(target, 0, 2)
    post(target, 2)
    with pytest.raises(BrokenError, match="3 calls were made, and 2 messages arrived"):
        arrived(server, target, 3, patience_s=0)
    post(target, 1)
    assert arrived(server, target, 3)["messages"] == 4


def test_a_run_that_fails_is_told_with_its_last_words(server: Server, tmp_path: Path) -> None:
    """The child's exception ends in the benchmark's error."""
    with pytest.raises(BrokenError, match="KeyError"):
        Bench(server, tmp_path).run("no such workload", OURS_DISK, 1)


def test_a_run_that_hangs_is_ended_and_is_broken(server: Server, tmp_path: Path) -> None:
    """Its parent's word never comes; CI does not wait for ever."""
    bench = Bench(server, tmp_path)
    bench.patience_s = 0.01
    with pytest.raises(BrokenError, match="ended with -9"):
        bench.run("deliver", OURS_DISK, 1, waits=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_call_is_of_the_size_that_the_tables_say(kind: str, size: int, state_dir: Path) -> None:
    """Within a fifth, for each of the six calls; the two clients spell the same call with other blanks."""
    with Client("key", send=False, state_dir=state_dir) as client:
        taken, call = make_caller(client, kind, size)(7)
    body = messages.build(call, library={}, now_ms=utc_now_ms()).message.body
    assert taken
    assert 0.8 * size < len(body) < 1.2 * size
    assert b'"userId":"u7"' in body
