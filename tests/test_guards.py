"""What a newcomer might undo, or do in the way that is nearest: each test's name says why it is as it is."""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING

import pytest
from source_files import PACKAGE, ROOT, imports_in, module_name, place_of, python_files, tree_of, walk

from pipelines_client.destinations.base import Decision
from pipelines_client.evidence.fact import (
    CountRow,
    DateRow,
    EditRow,
    Fact,
    FormRow,
    LinkRow,
    PersonRow,
    PropertyRow,
    TraitRow,
)
from pipelines_client.evidence.id_forms import IdForms, OtherIds
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.parity.facts.writer import StoredFact
from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.judgement.causes import CAUSE_OF
from pipelines_client.parity.judgement.gates import BY_KIND
from pipelines_client.parity.model import Verdict
from pipelines_client.sides import SIDES
from pipelines_client.state.ledger import DeliveryRecord, Outcome

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULES = {module_name(path): path for path in python_files(PACKAGE)}

DOES_INPUT_OR_OUTPUT = {
    *("open", "read_text", "write_text", "read_bytes", "write_bytes", "exists", "is_dir", "is_file", "iterdir"),
    *("unlink", "mkdir", "environ", "getenv", "resources", "print", "input", "utc_now", "monotonic", "sleep"),
}
IO_MODULES = {"importlib", "logging", "shutil", "tempfile", "time", "urllib", "structlog"}

STORED: dict[type, tuple[set[str], set[str]]] = {
    Fact: (
        {
            *("source", "message_id", "type", "event", "identity_kind", "occurred_at_ms", "received_at_ms", "day"),
            *("file", "line", "byte_offset", "byte_count", "sent_at_ms", "library", "write_key_suffix", "is_reduced"),
            *("leg", "outcome", "reason", "appended_at_ms", "finished_at_ms", "host", "destination"),
        },
        {"identity", "payload_hash", "other_ids", "context_hash", "cured_hash", "ids"},
    ),
    IdForms: ({"shape"}, {"alike", "digests"}),
    OtherIds: (set(), {"forms", "anonymous", "previous", "email"}),
    DateRow: (
        {
            *("source", "type", "event", "day", "path", "spelling", "form", "count"),
            *("message_id", "file", "line", "byte_offset"),
        },
        set(),
    ),
    PersonRow: (
        {
            *("source", "kind", "shape", "identifies", "events", "message_id", "file", "line", "byte_offset"),
            "byte_count",
        },
        {"person", "alike", "md5", "sha1", "sha256"},
    ),
    LinkRow: ({"source", "kind"}, {"person", "other", "md5", "sha1", "sha256"}),
    EditRow: ({"source", "message_id", "writer", "traits", "at_ms", "order_ms"}, {"identity"}),
    TraitRow: ({"source", "message_id", "path", "library", "received_at_ms"}, {"identity", "value_hash"}),
    PropertyRow: (
        {
            *("source", "type", "event", "day", "count", "message_id", "file", "line", "byte_offset"),
        },
        {"form"},
    ),
    FormRow: ({"path", "kind"}, {"form"}),
    CountRow: ({"source", "event", "type", "day", "count"}, set()),
    StoredFact: (
        {
            *("source", "message_id", "message_key", "message_check", "words", "occurred_at_ms", "received_at_ms"),
            *("sent_at_ms", "appended_at_ms", "finished_at_ms", "file", "line", "byte_offset", "byte_count"),
        },
        {"identity", "payload_hash", "other_ids", "context_hash", "cured_hash"},
    ),
    DeliveryRecord: (
        {
            *("message_id", "type", "event", "occurred_at", "appended_at", "finished_at", "leg", "outcome", "reason"),
            *("http_status", "attempts", "body_bytes", "stage", "writer", "destination", "integrations"),
        },
        {"identity", "payload_hash", "sent_hash"},
    ),
}
"""The fields of each stored row: in clear, and hashed."""

COMPARED = {
    ("history/run.py", "jsonl"): "the sources of a replay have names of their own list, which the command line takes",
    ("parity/differences/expected.py", "missing"): "the kind of an expected difference in parity.toml, not a gate",
    ("parity/differences/explain.py", "missing"): "the kind of a sample",
    ("parity/differences/explain.py", "EXPECTED.name"): "it is what puts absences under this cause",
    ("parity/judgement/runs.py", "MISSING.name"): "the history has a column for each of these two",
    ("parity/judgement/runs.py", "DRIFT.name"): "as above",
    ("parity/model/verdict.py", "check"): "names of gates in reports and histories that exist already",
    ("parity/render/words.py", "COUNTS.name"): "the table of counts shows what is beyond the limit of this gate",
    ("parity/report/advice.py", "CHECK.name"): "the headline names the check",
    ("parity/rules.py", "missing"): "pydantic's word for a key that is not there",
}
"""Where code may compare with a name of a registry, and why. Each line must still be needed."""


def test_pure_modules_are_those_of_the_contract_because_a_label_that_is_not_checked_is_soon_wrong():
    """A docstring whose first line ends in `Pure.`, and a line in the contract, always come together."""
    labelled = {name for name, path in MODULES.items() if _first_line(name).endswith("Pure.") or "Pure." in _doc(path)}
    assert labelled == set(_pure_modules())


def test_pure_modules_open_nothing_and_ask_no_clock_because_they_are_tested_with_values_alone():
    """Also not through modules that the contract cannot forbid, such as `pathlib`."""
    hits = [
        f"{place_of(MODULES[name], node.lineno)}: {ast.unparse(node)}"
        for name in _pure_modules()
        for node in walk(tree_of(MODULES[name]))
        if isinstance(node, ast.Attribute | ast.Name | ast.Import | ast.ImportFrom) and _does_io(node)
    ]
    assert not hits


@pytest.mark.parametrize(
    "line",
    [
        *("open('x')", "path.read_text()", "path.open()", "os.environ['x']", "from os import environ"),
        *("from importlib import resources", "import importlib.resources", "import time", "datetime.now()"),
    ],
)
def test_input_and_output_are_found(line):
    """The test above can fail."""
    nodes = [
        node
        for node in walk(ast.parse(line))
        if isinstance(node, ast.Attribute | ast.Name | ast.Import | ast.ImportFrom)
    ]
    assert any(_does_io(node) for node in nodes)


def test_code_asks_a_field_and_compares_with_no_name_of_a_registry_because_a_new_entry_is_one_file_and_one_line():
    """A comparison with the name of a finding, gate, cause or kind is a list of exceptions that the next one misses."""
    found = {(str(path.relative_to(PACKAGE)), name) for path in python_files(PACKAGE) for name in _compared(path)}
    assert found == set(COMPARED)


@pytest.mark.parametrize("room", ["destinations", "delivery", "client", "evidence/kinds", "evidence/files"])
def test_the_rooms_that_serve_every_vendor_ask_for_none_by_name_because_a_third_one_is_a_file(room):
    """What a vendor does differently is a method or a field of it."""
    hits = [
        f"{place_of(path, node.lineno)}: {ast.unparse(node)}"
        for path in python_files(PACKAGE / room)
        for node in walk(tree_of(path))
        if isinstance(node, ast.Compare)
        and any(
            (isinstance(part, ast.Name) and part.id in ("CUSTOMERIO", "SEGMENT"))
            or (isinstance(part, ast.Constant) and part.value in SIDES)
            for part in walk(node)
        )
    ]
    assert not hits


@pytest.mark.parametrize("row", STORED, ids=lambda row: row.__name__)
def test_a_new_field_of_a_stored_row_is_hashed_or_listed_here_because_rows_lie_on_disk_and_on_clusters(row):
    """Nothing that names or describes a person may be stored in clear; ask before you add to the list."""
    fields = set(getattr(row, "_fields", ()) or row.__slots__)
    in_clear, hashed = STORED[row]
    assert fields == in_clear | hashed


@pytest.mark.parametrize("kind", [Decision, Outcome, Verdict])
def test_an_enum_that_is_written_is_a_str_because_ledgers_logs_and_reports_hold_its_value(kind):
    """A plain Enum would be written as `Outcome.ACCEPTED`, and older files would not match."""
    for member in kind:
        assert isinstance(member, str)
        assert member == member.value


def test_the_package_imports_the_client_and_the_ground_only_because_an_application_pays_for_each_import():
    """Nor lazily: parity, evidence, history, the stages and the sandbox are imported by those who use them."""
    imported = set(imports_in(tree_of(PACKAGE / "__init__.py"), set(MODULES), room="pipelines_client"))
    rooms = {name.split(".")[1] for name in imported if name.count(".")}
    assert rooms <= {"client", "config", "delivery", "errors", "keywords", "lazy", "log", "message", "routing", "state"}


def _doc(path) -> str:
    return (ast.get_docstring(tree_of(path)) or "").partition("\n\n")[0]


def _first_line(name: str) -> str:
    return _doc(MODULES[name]).partition("\n")[0]


def _pure_modules() -> list[str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    (listed,) = (each["source_modules"] for each in contracts if each["name"] == "Pure modules do no input or output")
    return [name for name in MODULES if any(name == one or name.startswith(f"{one}.") for one in listed)]


def _does_io(node: ast.Attribute | ast.Name | ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in IO_MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        is_io = (node.module or "").partition(".")[0] in IO_MODULES and node.module != "urllib.parse"
        return is_io or any(alias.name in DOES_INPUT_OR_OUTPUT for alias in node.names)
    if isinstance(node, ast.Name):
        return isinstance(node.ctx, ast.Load) and node.id in DOES_INPUT_OR_OUTPUT
    is_clock = node.attr in ("now", "utcnow", "today") and ast.unparse(node.value) in ("datetime", "date")
    return node.attr in DOES_INPUT_OR_OUTPUT or is_clock


def _compared(path) -> Iterator[str]:
    """Yield the names of a registry that a file compares with; sides are also names of sources, and asked as such."""
    names = {*BY_NAME, *BY_KIND, *CAUSE_OF, *KINDS} - {*SIDES, "ledger"}
    for node in walk(tree_of(path)):
        if not isinstance(node, ast.Compare | ast.MatchValue):
            continue
        for part in walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value in names:
                yield part.value
            if isinstance(part, ast.Attribute) and part.attr == "name" and ast.unparse(part.value).isupper():
                yield ast.unparse(part)
            is_own = isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr == "name"
            if is_own and isinstance(part, ast.Constant) and part.value in (*SIDES, "ledger"):
                yield f"name == {part.value}"


ROOMS_OF_A_CALL = ("client/", "delivery/", "message/", "routing/", "state/", "files.py")
NOT_OF_A_CALL = {
    **dict.fromkeys(
        ("delivery/callbacks.py", "delivery/sending/http.py", "delivery/sending/tokens.py"), "a thread of ours"
    ),
    **dict.fromkeys(("delivery/sending/sender.py", "client/calls.py"), "a thread of ours, or raises it again"),
    "delivery/pipeline.py:take": "what it calls lets it through",
    **dict.fromkeys(("delivery/status.py", "routing/stagefile.py", "state/daily.py:read_lines"), "commands read"),
}
BROAD = {"Exception", "OSError", "RuntimeError", "PermissionError"}


def swallowing(path: Path) -> Iterator[str]:
    """Yield the functions that may keep a signal handler's exception from the application."""
    for function in [node for node in walk(tree_of(path)) if isinstance(node, ast.FunctionDef)]:
        for node in walk(function):
            if isinstance(node, ast.ExceptHandler) and node.type is not None:
                calls = {ast.unparse(call.func) for call in walk(node) if isinstance(call, ast.Call)}
                is_raised = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
                if BROAD & names_in(node.type) and not is_raised and not calls & {"let_through", "is_from_signal"}:
                    yield f"{path.relative_to(PACKAGE)}:{function.name}"
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress") and BROAD & names_in(node):
                yield f"{path.relative_to(PACKAGE)}:{function.name}"


def names_in(node: ast.AST) -> set[str]:
    """Return the names in a piece of code."""
    return {each.id for each in walk(node) if isinstance(each, ast.Name)}


def test_a_signal_handlers_exception_passes_every_guard_because_it_ends_the_job_that_takes_too_long():
    """It may look like one of the disk's: TimeoutError is an OSError."""
    found = {
        place
        for path in MODULES.values()
        if str(path.relative_to(PACKAGE)).startswith(ROOMS_OF_A_CALL)
        for place in swallowing(path)
        if not {place, place.partition(":")[0]} & NOT_OF_A_CALL.keys()
    }
    assert found == set()


def test_statements_bind_by_place_or_by_name_and_never_by_number() -> None:
    """Python 3.12 warns of `?1` with a sequence, and 3.14 refuses it."""
    numbered = [
        place_of(path, node.lineno)
        for path in python_files(PACKAGE)
        for node in walk(tree_of(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"\b(?:SELECT|INSERT|UPDATE|DELETE)\b.*\?\d", node.value, re.DOTALL)
    ]
    assert not numbered


OPENED_OTHERWISE = {
    "_scan/__init__.py": "a file of this package",
    "_scan/sources.py": "files of this package",
    "files.py": "it holds the functions that the others use",
    "cli/common.py": "a file of the system about this process; and a file that is written",
    "delivery/adoption.py": "a file of ours that is open and locked already",
    "delivery/claims.py": "a file of ours, below the lock of a run",
    "delivery/spool/logfiles.py": "a file of ours; its test is slow on purpose, by a pipe",
    "delivery/spool/mounts.py": "a file of the system",
    "evidence/files/open.py": "an address of a store; and a file that `listing` has found to be one",
    "parity/check_sql.py": "a file of this package",
    "parity/questions/engine.py": "a file of this package",
    "parity/questions/postgresql_packs.py": "a file of ours that was written a moment ago",
}
"""Modules that open or read a file by themselves, and why that never waits. Each line must still be needed."""


def test_files_are_opened_by_functions_that_refuse_a_pipe_because_one_without_a_writer_holds_a_call_for_ever() -> None:
    """`Path.read_bytes` of what a person has named by mistake waits, reads a device without end, or fills memory."""
    found = {
        str(path.relative_to(PACKAGE))
        for path in python_files(PACKAGE)
        for node in walk(tree_of(path))
        if isinstance(node, ast.Call) and _opens(node)
    }
    assert found == set(OPENED_OTHERWISE)


def _opens(call: ast.Call) -> bool:
    """Return whether a call opens a file to read, by a function that takes what is not one."""
    name = ast.unparse(call.func)
    words = (name.rpartition(".")[2], *(ast.unparse(each).strip("'") for each in call.args))
    is_written = bool({"wb", "xb", "a+b", "O_WRONLY", "O_RDWR"} & set(re.findall(r"[\w+]+", " ".join(words[1:]))))
    return name in ("open", "gzip.open") or (
        words[0] in ("read_bytes", "read_text", "open") and name != "os.open" and not is_written
    )


@pytest.mark.parametrize("line", ["open(path)", "path.open('rb')", "path.read_text('utf-8')", "gzip.open(path)"])
def test_a_file_that_is_opened_otherwise_is_found(line: str) -> None:
    """The test above can fail."""
    assert any(isinstance(node, ast.Call) and _opens(node) for node in walk(ast.parse(line)))
