"""Every rendering shows the report, computes nothing, and survives the worst names from outside."""

from __future__ import annotations

import csv
import json
import re
import shlex
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from evidence import START, Evidence
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus
from rich.console import Console
from showcase import showcase_report
from typer.testing import CliRunner
from worst import HOSTILE, hostile_report

from pipelines_client.cli.app import app
from pipelines_client.parity import ParityOptions, run_parity
from pipelines_client.parity.model import GapReport
from pipelines_client.parity.render import ENDINGS, FORMATS, RENDERINGS, render
from pipelines_client.parity.render.markdown import MOST_CHARACTERS, escape
from pipelines_client.parity.render.sections import SECTIONS, tables
from pipelines_client.parity.render.terminal import print_report

FOR_EYES = ("text", "json", "markdown", "html", "junit")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A report full of the worst names."""
    return hostile_report(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A report in which all is well, and one of two empty sides."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "none").mkdir()
    empty = {"segment": folder / "none", "customerio": folder / "none"}
    return [run_parity(paths, ParityOptions(), now=START) for paths in (Evidence(folder, count=200).paths(), empty)]


@pytest.fixture(scope="module")
def showcase(tmp_path_factory):
    """A report with something in nearly every table."""
    return showcase_report(tmp_path_factory.mktemp("showcase"))


class Page(HTMLParser):
    """Collects the tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag and its attributes."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


def test_html_takes_no_markup_from_outside(hostile):
    """No tag, handler or template of theirs; no control character; every name is there as text."""
    page = Page(render(hostile, "html"))
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7*7 }} {% raw %}" in page.text
    assert "\x1b" not in page.text
    assert "\u202e" not in page.text


def test_html_needs_no_network(hostile):
    """No address is loaded, and the page forbids it itself."""
    page = Page(render(hostile, "html"))
    assert not [value for name, value in page.attributes if name in ("src", "srcset", "action", "background")]
    assert [value for name, value in page.attributes if name == "href"] == ["data:,", "#verdict"]
    assert any(name == "content" and "default-src 'none'" in value for name, value in page.attributes)


def test_markdown_cells_hold_what_they_should(hostile):
    """Every row of a table has as many cells as its head, and nothing in it is markup."""
    columns = 0
    for line in render(hostile, "markdown").splitlines():
        cells = line.replace("\\|", "").count("|")
        if not line.startswith("|"):
            columns = 0
        elif columns == 0:
            columns = cells
        assert not columns or cells == columns, line
        assert "<" not in line.replace("\\<", "")
        assert "\x1b" not in line


def test_markdown_escapes_links_and_code():
    """Backticks, brackets and addresses are text."""
    assert escape("[a](http://b) `c` | <d>\n# e") == (
        r"\[a\]\(http\://b\) \`c\` \| &lt;d&gt;" + "\N{REPLACEMENT CHARACTER}" + r"\# e"
    )


@pytest.mark.parametrize("width", [80, 140])
def test_the_terminal_gets_no_control_characters_and_fits(hostile, width):
    """Escapes from outside are shown as a mark, rich markup as text, and no line is too long."""
    console = Console(file=StringIO(), width=width, force_terminal=False, color_system=None, highlight=False)
    print_report(hostile, console)
    text = console.file.getvalue()
    assert not [char for char in text if ord(char) < 32 and char != "\n"]
    assert "\x9b" not in text
    assert "\u202e" not in text
    assert "[/]" in text
    assert max(map(len, text.splitlines())) <= width


def test_the_page_allows_its_own_script_only(hostile):
    """The policy names the hash of the one script in the page."""
    page = render(hostile, "html")
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in page or f"script-src 'sha256-{digest}'" in page


def test_junit_is_xml_in_which_every_gate_is_a_case(hostile):
    """A failed gate is a failure, an inconclusive one an error; no text from outside is a tag."""
    suite = ET.fromstring(render(hostile, "junit")).find("testsuite")  # noqa: S314 - our own text
    cases = suite.findall("testcase")
    assert len(cases) == len(hostile.gates) == int(suite.get("tests"))
    for case, gate in zip(cases, hostile.gates, strict=True):
        tags = [child.tag for child in case]
        assert tags == [{"passed": "system-out", "failed": "failure", "inconclusive": "error"}[gate.result]]
    assert len({case.get("name") for case in cases}) == len(cases)
    assert int(suite.get("failures")) == sum(gate.result == "failed" for gate in hostile.gates) > 0
    assert int(suite.get("errors")) == sum(gate.result == "inconclusive" for gate in hostile.gates) > 0
    assert int(suite.get("skipped")) == 0


@pytest.mark.parametrize("read", [openmetrics, prometheus], ids=["openmetrics", "prometheus"])
def test_metrics_are_read_by_new_and_old_readers(hostile, read):
    """The parsers of Prometheus read it, and its numbers are those of the report."""
    families = {family.name: family for family in read(render(hostile, "openmetrics"))}
    assert all(name.startswith("pipelines_parity_") for name in families)
    verdicts = {sample.labels["verdict"]: sample.value for sample in families["pipelines_parity_verdict"].samples}
    assert verdicts == {"pass": 0, "fail": 1, "inconclusive": 0}
    missing = {tuple(sample.labels.values()): sample.value for sample in families["pipelines_parity_missing"].samples}
    assert missing["segment", "rejected"] == len(HOSTILE)
    gates = list(families["pipelines_parity_gate_actual"].samples)
    assert [sample.value for sample in gates] == [gate.actual for gate in hostile.gates]


def test_no_cell_of_the_csv_is_a_formula(hostile):
    """Also not behind a separator of another country; the counts are the report's."""
    rows = list(csv.DictReader(StringIO(render(hostile, "csv"))))
    assert [int(row["messages"]) for row in rows] == [event.messages for event in hostile.events]
    names = {row["event"] for row in rows}
    assert "'=cmd|' /C calc'!A0" in names
    assert not [
        name
        for name in names
        if re.search(r"(^|[,;|])[\s\"']*[=+@-]", name.replace("'=", "").replace("'@", "").replace("'-", ""))
    ]
    assert not [name for name in names if re.search(r"[\x00-\x1f]", name)]


def test_markdown_that_is_too_long_for_github_is_cut_and_says_so(hostile, plain):
    """Whole lines, the verdict first, and the names of the sections that are not all there; what fits is not cut."""
    text = render(hostile, "markdown")
    assert 60_000 < len(text) <= MOST_CHARACTERS == 65_536
    assert text.startswith("# Parity: FAIL")
    (note,) = [line for line in text.splitlines() if line.startswith("**Cut here**")]
    assert text.endswith(f"{note}\n")
    assert re.search(r"GitHub takes 65,536 characters. Left out: .*, Samples \(\d+ lines\)\.", note)
    assert "Cut here" not in render(plain[0], "markdown")


@pytest.mark.parametrize("form", FOR_EYES)
def test_every_format_shows_the_verdict_first_and_unreadable_lines(hostile, form):
    """A reader sees both without searching."""
    text = render(hostile, form)
    assert "fail" in text.lower()[:4000]
    assert "x.json" in text
    assert "not JSON" in text
    assert text.endswith("\n")


@pytest.mark.parametrize("form", FORMATS)
def test_a_clean_and_an_empty_report_render(plain, form):
    """A report without findings renders in every format."""
    assert [report.verdict.value for report in plain] == ["pass", "inconclusive"]
    assert all(render(report, form) for report in plain)


def test_terminal_markdown_and_page_show_the_same_tables(showcase):
    """Each table has its title, its headings and its notes in all three, in the same order."""
    console = Console(file=StringIO(), width=400, force_terminal=False, color_system=None, highlight=False)
    print_report(showcase, console, details=True)
    texts = {
        "text": console.file.getvalue(),
        "markdown": re.sub(r"\\(.)", r"\1", render(showcase, "markdown")),
        "html": Page(render(showcase, "html")).text,
    }
    found = tables(showcase)
    assert len(found) >= len(SECTIONS)
    for form, text in texts.items():
        after = 0
        for each in found:
            after = re.compile(rf"^(?:## )?{re.escape(each.title)}\s*$", re.MULTILINE).search(text, after).end()
            for words in (*each.notes, *(column.title for column in each.columns)):
                assert words in text[after:], (form, each.title, words)


def test_each_finding_that_the_advice_names_has_a_table(showcase):
    """The first table says what to do; the rows to look at are below a title of the same name."""
    found = tables(showcase)
    titles = {each.name for each in found}
    assert {each.name for each in showcase.classes if each.count} <= titles
    assert found[0].name == "advice"


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_what_lies_in_a_gap_stands_beside_the_counts(showcase, form):
    """Else “90 of 90” would read as if all were there; how the window was chosen stands there too."""
    gap = GapReport(
        side="segment", types=(), since="s", until="u", absent=17, present=0, words="w", option="--complete x"
    )
    young = showcase.totals.too_young | {"segment": 4}
    totals = showcase.totals.model_copy(update={"too_young": young})
    report = showcase.model_copy(update={"gaps": (gap,), "totals": totals})
    told = " ".join(unescape(render(report, form)).split())
    assert "17 more in gaps, 4 more too young to tell" in told.replace("\\", "")
    assert report.window.chosen[:40] in told


@pytest.mark.parametrize("form", ["text", "markdown", "html", "junit", "json"])
def test_what_is_missing_and_the_next_step_stand_under_the_headline(showcase, form):
    """By event and side, with the commands, before any table."""
    text = render(showcase, form)
    plain = re.sub(r"\\\n? *", "", unescape(text))
    if form == "json":
        assert {"side": "customerio", "event": "Order Completed", "type": "track", "count": 3} in json.loads(text)[
            "missing_by_event"
        ]
    else:
        assert plain.index(showcase.headline[:30]) < plain.index("3 Order Completed are not at Customer.io.")
    assert "pipelines-client dead-letters requeue --leg segment --all --state-dir state" in plain


def test_the_verdict_is_the_last_line_of_the_terminal_too(showcase):
    """It is read at the end, and the exit code agrees."""
    lines = render(showcase, "text").splitlines()
    assert lines[-1] == lines[0]
    assert lines[0].startswith(" FAIL ")


def test_statistics_are_one_line_unless_asked_for(showcase):
    """In the terminal with `--details`, on the page and in Markdown where the reader unfolds them."""
    (table,) = [each for each in tables(showcase) if each.short]
    assert f"{table.title}: {table.short} See --details." in " ".join(render(showcase, "text").split())
    assert table.columns[2].title not in render(showcase, "text")
    assert table.columns[2].title in render(showcase, "text", details=True)
    for form in ("markdown", "html"):
        assert re.search(rf"<details[^>]*>\s*<summary>.*{re.escape(table.short[:20])}", render(showcase, form))


def test_commands_hold_hostile_names_as_one_word_of_a_shell(showcase):
    """A path that looks like a command stays a path, and a fence of code stays closed."""
    words = ("pipelines-client", "parity", "--ledger", "$(rm -rf ~) ``` `x`", "--segment", "a'b\x1b[31m\nc")
    report = showcase.model_copy(update={"next_step": (shlex.join(words),)})
    for form in ("text", "markdown", "html"):
        text = unescape(render(report, form))
        assert "\x1b" not in text
        lines = text[text.index("pipelines-client parity") :].split("\nc")[0].splitlines()
        shown = shlex.split(" ".join(line.removesuffix("\\") for line in lines[: 1 + lines[0].endswith("\\")]))
        assert shown[3] == words[3]
    assert "````sh" in render(report, "markdown")


def test_a_rendering_is_one_entry_and_help_and_endings_follow():
    """`parity --help` names each format and each file ending."""
    assert tuple(ENDINGS.values()) == FORMATS == tuple(each.name for each in RENDERINGS)
    assert len(set(ENDINGS)) == len(set(FORMATS)) == len(RENDERINGS)
    text = " ".join(CliRunner().invoke(app, ["parity", "--help"], env={"COLUMNS": "400"}).stdout.split())
    assert ", ".join(FORMATS) in text
    assert ", ".join(f"{each.ending} ({each.name})" for each in RENDERINGS) in text
