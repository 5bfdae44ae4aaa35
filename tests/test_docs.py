"""The pages are run: their code, their commands, their tables, their links. What they say must be so."""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer.main
from commands import Commands

from pipelines_client import Client
from pipelines_client.cli.app import app
from pipelines_client.config import Settings
from pipelines_client.effects import examine, parse_settings
from pipelines_client.effects.routes.segment_mapping import FIELDS
from pipelines_client.evidence.calls import FoundCall
from pipelines_client.evidence.columns import parse_map
from pipelines_client.parity.judgement.causes import CAUSES, LOSSES
from pipelines_client.parity.model import ParityReport
from pipelines_client.privacy.detectors import DETECTORS
from pipelines_client.privacy.detectors.national_id import NationalId
from pipelines_client.privacy.detectors.vendor_key import SERVICES
from pipelines_client.sandbox import Scenario

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "pipelines_client"
RUN_PAGES = ("README.md", "docs/usage.md")
ALL_PAGES = ("README.md", "CHANGELOG.md", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md")))
COMMAND = Path(sys.executable).with_name("pipelines-client")
OUR_COMMANDS = set(typer.main.get_group(app).commands)
SHELLS = ("bash", "console")
CHILD_S = 60

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FACT = r"(?:[CPRS]\d+|T\b)"
_FACTS_CITED = re.compile(rf"FACTS ({_FACT}(?:(?:, | and ){_FACT})*)")
_PLACE_IN_CODE = re.compile(r"`(pipelines_client/[\w/]+\.py)::([\w.]+)`")
_CODE_ENDINGS = (".py", ".sql", ".jinja")


def text_of(page: str) -> str:
    """Return a page's text."""
    return (ROOT / page).read_text("utf-8")


def blocks(page: str, *languages: str) -> list[Any]:
    """Return the page's code blocks in these languages, each named by its line."""
    text = text_of(page)
    return [
        pytest.param(match[2], id=f"{page}:{text.count(chr(10), 0, match.start()) + 1}")
        for match in _BLOCK.finditer(text)
        if match[1] in languages
    ]


def commands_of(page: str) -> list[list[str]]:
    """Return the words of each command in the page's shell blocks, without prompt and comment."""
    lines = [line for block in blocks(page, *SHELLS) for line in str(block.values[0]).splitlines()]
    words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    return [command for command in words if command]


def after(diff: str) -> str:
    """Return what a diff leaves."""
    return "\n".join(line[1:] for line in diff.splitlines() if not line.startswith("-"))


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    section = text_of(page).partition(f"{heading}\n")[2]
    lines = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert lines, f"{page} has no table below {heading}"
    return [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in lines[0].splitlines()[2:]]


def plain(cell: str) -> str:
    """Return a cell without back-quotes."""
    return cell.strip("`| ")


def scenarios(page: str) -> list[Any]:
    """Return the page's TOML blocks that are scenarios of the sandbox."""
    return [block for block in blocks(page, "toml") if "event" not in tomllib.loads(str(block.values[0]))]


def clean(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with no setting of ours but these."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("PIPELINES_")}, **variables}


def run(arguments: list[str], folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a child that inherits no setting of ours."""
    return subprocess.run(
        arguments, cwd=folder, env=clean(variables), capture_output=True, text=True, timeout=CHILD_S, check=False
    )


@pytest.fixture
def variables(sandbox: Any, tmp_path: Path) -> dict[str, str]:
    """What points a child at the sandbox, as a reader's environment would."""
    return {
        "PIPELINES_HOST": sandbox.customerio.url,
        "PIPELINES_SEGMENT_HOST": sandbox.segment.url,
        "PIPELINES_STATE_DIR": str(tmp_path / "state"),
        "CUSTOMERIO_WRITE_KEY": "your-customerio-key",
        "SEGMENT_WRITE_KEY": "your-segment-key",
    }


@pytest.fixture
def commands_run(commands: Commands) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command of ours that inherits no setting of ours."""

    def run_clean(
        *words: str, folder: Path, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return commands.run(*words, folder=folder, variables=clean(variables or {}))

    return run_clean


@pytest.fixture
def desk(sandbox: Any, make_client: Callable[..., Client], tmp_path: Path) -> Path:
    """A folder as the commands of the pages expect it: a ledger, both sides' exports, a list of people, two plans."""
    client = make_client(state_dir=tmp_path / "state")
    for number in range(120):
        client.track(f"user-{number}", "Feature Used", {"feature": "export"})
    assert client.flush(timeout=10)
    client._pipeline.close(0)
    sandbox.export(tmp_path / "exports")
    for name in ("tracking-plan.yaml", "plan-before.yaml"):
        (tmp_path / name).write_text(str(blocks("docs/plan.md", "yaml")[0].values[0]), "utf-8")
    (tmp_path / "suppressed.csv").write_text("id,email\nuser-7,kim@example.com\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "block", [block for page in (*RUN_PAGES, "docs/api.md", "docs/privacy.md") for block in blocks(page, "python")]
)
def test_a_python_block_runs_as_it_stands(block: str, sandbox: Any, variables: dict[str, str], tmp_path: Path) -> None:
    """A reader who pastes it gets what the page says, and Customer.io gets a message."""
    child = run([sys.executable, "-c", block], tmp_path, variables)
    assert child.returncode == 0, child.stderr
    assert sandbox.customerio.count


def test_the_migration_of_the_readme_takes_three_lines_and_reaches_both_sides(
    sandbox: Any, variables: dict[str, str], tmp_path: Path
) -> None:
    """After the diff the same two calls arrive, equal, at Customer.io and at Segment."""
    (diff,) = (str(block.values[0]) for block in blocks("README.md", "diff"))
    assert sum(line.startswith("+") for line in diff.splitlines()) == 3
    child = run([sys.executable, "-c", after(diff)], tmp_path, variables)
    assert child.returncode == 0, child.stderr
    assert [call["type"] for call in sandbox.customerio.accepted] == ["identify", "track"]
    assert sandbox.customerio.accepted == sandbox.segment.accepted


@pytest.mark.parametrize("page", RUN_PAGES)
def test_every_command_of_a_page_is_one_that_exists(page: str) -> None:
    """Every command that a page shows exists."""
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    extras = set(tomllib.loads(text_of("pyproject.toml"))["project"]["optional-dependencies"])
    known = {"make": targets, "pip": {"install"}, "pipelines-client": OUR_COMMANDS}
    found = commands_of(page)
    assert found
    for command in found:
        assert command[1] in known[command[0]], shlex.join(command)
        if command[0] == "pip":
            assert set(re.findall(r"\w+", command[2].removeprefix("."))) <= extras, shlex.join(command)


@pytest.mark.parametrize("page", RUN_PAGES)
def test_every_command_of_ours_on_a_page_does_its_work(
    page: str, desk: Path, sandbox: Any, commands_run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """Typed in this order where a ledger and two equal exports lie, each ends with 0 and writes its files."""
    person = json.dumps({"userId": "user-42"}).encode()
    sandbox.customerio.receive("identify", "/v1/identify", {"authorization": "Basic a2V5Og=="}, person)
    for scenario in scenarios(page):
        (desk / "faults.toml").write_text(str(scenario.values[0]), "utf-8")
    variables = {"PIPELINES_STATE_DIR": str(desk / "state"), "PIPELINES_WRITE_KEY": "your-customerio-key"}
    ours = [command[1:] for command in commands_of(page) if command[0] == COMMAND.name]
    assert {"status", "sandbox", "parity"} <= {command[0] for command in ours}
    for command in ours:
        if command[0] == "sandbox" and command[1] != "people":
            assert _serve_once(command, desk) == 0
            continue
        is_people = command[0] == "sandbox"
        more = {"PIPELINES_HOST": sandbox.customerio.url} if is_people else {}
        child = commands_run(*command, folder=desk, variables={**variables, **more})
        assert child.returncode == 0, child.stdout + child.stderr
        assert child.stdout
        for option, value in pairwise(command):
            assert option != "--output" or (desk / value).stat().st_size


def _serve_once(command: list[str], folder: Path) -> int:
    """Start the sandbox, interrupt it once it says that it serves, and return its exit code."""
    with subprocess.Popen([str(COMMAND), *command], cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert any(line.startswith("Counts at ") for line in server.stdout)
            server.send_signal(signal.SIGINT)
            return server.wait(CHILD_S)
        finally:
            server.kill()


@pytest.mark.parametrize("scenario", scenarios("docs/usage.md"))
def test_the_scenario_shows_every_fault_there_is(scenario: str) -> None:
    """Each key that a scenario may have for Customer.io or Segment stands in the example."""
    given = tomllib.loads(scenario)
    Scenario.model_validate(given)
    shown = {name for api in given.values() if isinstance(api, dict) for name in api}
    assert shown == set(type(Scenario().customerio).model_fields)


@pytest.mark.parametrize("block", blocks("docs/usage.md", "toml"))
def test_every_toml_file_on_the_page_is_read(block: str) -> None:
    """It is a scenario or a column map."""
    given = tomllib.loads(block)
    if "event" in given:
        assert parse_map(given, "map.toml").names
    else:
        Scenario.model_validate(given)


@pytest.mark.parametrize("block", blocks("docs/effects.md", "toml"))
def test_the_route_on_the_page_is_read_and_its_sections_are_named(block: str) -> None:
    """It shows each kind of line that such a file may have."""
    settings = parse_settings(tomllib.loads(block), "route.toml")
    assert "track" not in settings.converting
    assert "screen" not in settings.fields
    assert set(FIELDS) <= set(re.findall(r"`(\w+)`", text_of("docs/effects.md").partition("The sections are")[2]))


def test_the_page_of_effects_names_every_key_of_its_report() -> None:
    """Those of the report, and those of a row."""
    (row,) = examine([FoundCall("a:1", {"type": "page", "userId": "u1", "name": "Home"})]).changes
    named = {
        name for cells in rows("docs/effects.md", "In JSON:") for cell in cells for name in re.findall(r"`(\w+)`", cell)
    }
    report = examine([]).as_dict()
    assert {*report, *report["unseen"], *(field.name for field in dataclasses.fields(row))} <= named


def spelled_default(name: str) -> str:
    """Return a setting's default as the tables spell it."""
    field = Settings.model_fields[name]
    if field.default_factory is not None:
        return "the user's"
    if field.default in (None, "", frozenset(), ()):
        return "\N{EN DASH}"
    value = str(getattr(field.default, "value", field.default))
    return f"`{value.lower() if isinstance(field.default, bool) else value}`"


@pytest.mark.parametrize(
    ("page", "heading"), [("README.md", "## Settings people touch"), ("docs/usage.md", "## All settings")]
)
def test_a_table_of_settings_agrees_with_the_settings(page: str, heading: str) -> None:
    """Name, variable and default of each row are those that the client uses."""
    table = rows(page, heading)
    assert table
    for name, variable, default, *_ in table:
        setting = plain(name)
        assert setting in Settings.model_fields
        assert plain(variable) == f"PIPELINES_{setting.upper()}"
        assert default == spelled_default(setting), setting


def test_the_table_of_all_settings_has_them_all() -> None:
    """A new setting is not done before it has its line."""
    assert [plain(row[0]) for row in rows("docs/usage.md", "## All settings")] == list(Settings.model_fields)


def test_the_page_of_privacy_names_every_detector_and_whom_it_knows() -> None:
    """Codes and titles are those of the detectors, in their order."""
    table = rows("docs/privacy.md", "## What is looked for")
    assert [(plain(code), title) for code, title, *_ in table] == [(kind.code, kind.title) for kind in DETECTORS]
    text = " ".join((ROOT / "docs/privacy.md").read_text("utf-8").split())
    assert all(f"{country} ({number})" in text for name in NationalId.names for country, number in [name.split(", ")])
    assert all(service in text for service in SERVICES)


def test_the_page_names_every_key_of_a_report() -> None:
    """`report.json` has no key that the page does not explain, and the page none that it does not have."""
    assert [plain(row[0]) for row in rows("docs/usage.md", "### `report.json`")] == list(ParityReport.model_fields)


def test_the_page_names_every_cause_and_says_which_count() -> None:
    """The causes of an absence are those that the report knows, in its order."""
    table = rows(
        "docs/usage.md",
        'No drift: key order, escapes, `1` against `1.0`. Drift: `"1"` against `1`, a key '
        "that is missing, null against a value.",
    )
    assert [plain(row[0]) for row in table] == [cause.name for cause in CAUSES]
    assert {plain(row[0]) for row in table if plain(row[2]) != "no"} == LOSSES


def test_the_page_names_every_gate_of_a_report(
    desk: Path, commands_run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """What a verdict rests on is explained."""
    sources = [word for name in ("segment", "customerio") for word in (f"--{name}", f"exports/{name}")]
    child = commands_run("parity", "--ledger", "state", *sources, "--format", "json", folder=desk)
    gates = {gate["name"] for gate in json.loads(child.stdout)["gates"]}
    named = {name for row in rows("docs/usage.md", "### Gates and verdict") for name in re.findall(r"`(\w+)`", row[0])}
    assert named == gates


def cited(text: str) -> Iterator[str]:
    """Yield the numbers of facts that a text cites."""
    for match in _FACTS_CITED.finditer(text):
        yield from re.findall(_FACT, match[1])


def test_the_facts_are_numbered_without_a_gap_and_each_says_how_sure_it_is() -> None:
    """C1 to C22, S1 to S13, R1 to R11, P1 to P8 and T, each with letters that the page explains."""
    found = re.findall(r"^\| ([CPRS]\d+) \| .+ \| ([DCI?/]+) \|$", text_of("docs/facts.md"), re.MULTILINE)
    last = {"C": 22, "S": 13, "R": 11, "P": 8}
    assert [number for number, _ in found] == [f"{part}{n}" for part in last for n in range(1, last[part] + 1)]
    assert "\n## T. " in text_of("docs/facts.md")


def test_every_fact_that_is_cited_is_there() -> None:
    """A number in the code or on a page leads to its fact."""
    known = {*re.findall(r"^\| ([CPRS]\d+) \|", text_of("docs/facts.md"), re.MULTILINE), "T"}
    code = [path for path in PACKAGE.rglob("*") if path.suffix in _CODE_ENDINGS]
    pages = [ROOT / page for page in ALL_PAGES]
    numbers = {path: set(cited(path.read_text("utf-8"))) for path in code + pages}
    assert {"C3", "S12"} <= set().union(*numbers.values())
    unknown = {str(path.relative_to(ROOT)): cites - known for path, cites in numbers.items() if cites - known}
    assert not unknown


def test_every_decision_that_the_code_cites_is_there() -> None:
    """`docs/adr/0001` in a comment leads to a page, and the index knows every page."""
    pages = {path.name[:4]: path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md")}
    cites = {n for path in PACKAGE.rglob("*.py") for n in re.findall(r"docs/adr/(\d{4})", path.read_text("utf-8"))}
    assert cites
    assert cites <= set(pages)
    assert all(f"]({name})" in text_of("docs/adr/README.md") for name in pages.values())


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", ALL_PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    """Files exist, and so do the headings that a link names."""
    text = _BLOCK.sub("", text_of(page))
    for target in _LINK.findall(text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.is_file(), f"{page} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), f"{page} links to {target}"


def test_the_usage_page_shows_every_command() -> None:
    """None is left for the reader to find."""
    assert {command[1] for command in commands_of("docs/usage.md") if command[0] == COMMAND.name} == OUR_COMMANDS


def test_the_hops_of_the_architecture_page_name_functions_that_exist() -> None:
    """A message can be followed by hand: file and function of each hop are there."""
    places = _PLACE_IN_CODE.findall(text_of("docs/architecture.md"))
    assert len(places) >= 12
    missing = [f"{file}::{name}" for file, name in places if name not in _names_in(ROOT / file)]
    assert not missing


def _names_in(path: Path) -> set[str]:
    """Return the functions of a module and the methods of its classes."""
    body = ast.parse(path.read_text("utf-8")).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    methods = {
        f"{kind.name}.{node.name}" for kind in classes for node in kind.body if isinstance(node, ast.FunctionDef)
    }
    return methods | {node.name for node in body if isinstance(node, ast.FunctionDef)}


def test_the_rooms_of_the_architecture_page_exist() -> None:
    """The plan of the house shows no room that was never built, or was torn down."""
    plan = text_of("docs/architecture.md").partition("## The rooms\n")[2].partition("## What lies on disk")[0]
    block = plan.partition("```\n")[2].partition("```")[0]
    modules = set(re.findall(r"(?<![\w.])([a-z_]+\.py)\b", block))
    folders = set(re.findall(r"^  +([a-z_]+)/", block, re.MULTILINE))
    assert {"spool.py", "fact.py"} <= modules
    assert modules <= {path.name for path in PACKAGE.rglob("*.py")}
    assert folders <= {path.name for path in PACKAGE.rglob("*") if path.is_dir()}
