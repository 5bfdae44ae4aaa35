"""Every rendering shows the report, computes nothing, and survives the worst names from outside."""

from __future__ import annotations

from html.parser import HTMLParser
from io import StringIO

import pytest
from evidence import Evidence
from rich.console import Console

from pipelines_client.parity.render import FORMATS, render
from pipelines_client.parity.render.markdown import escape
from pipelines_client.parity.render.terminal import print_report

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a|b|c `code` [link](http://evil.example) **bold**",
    "line\nbreak\r\nand\ttab",
    "\x1b[31mred\x1b[0m\x07",
    "\x9b31m C1",
    "[bold red]rich[/bold red]",
    "[/]",
    "\u202egnp.exe",
    "{{ 7*7 }} {% raw %}",
    "=cmd|' /C calc'!A0",
    "&lt;b&gt; \\| &amp;",
    "~~~ # h\n\n# heading",
    "x" * 3000,
]


@pytest.fixture
def hostile(tmp_path, compare):
    """Names of events, properties, pages, reasons, ids and files, all of the worst sort, each in a class that shows."""
    evidence = Evidence(tmp_path, count=120)
    for index, name in enumerate(HOSTILE):
        fine = evidence.track("u1", name, {name: 1})
        fine.payload("customerio")[name] = name
        evidence.track(name, f"{name} {index}", {}).sides["segment"]["event"] = name + "!"
        evidence.track("u1", name, {}).not_sent("segment", "rejected", name)
        evidence.track("u1", name, {}, messageId=f"{name[:60]}{index}").sides["segment"]["userId"] = "z"
        evidence.track("u1", name, {}).copies["customerio"] = 2
    paths = evidence.paths()
    (paths["customerio"] / "<b>[red]`|x.json").write_bytes(b"{bad\n")
    return compare(paths, show_values=True)


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
    assert "script" not in page.tags
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
    assert [value for name, value in page.attributes if name == "href"] == ["data:,"]
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
    """Their escapes are shown as a mark, their rich markup as it is, and no line is too long."""
    console = Console(file=StringIO(), width=width, force_terminal=False, color_system=None, highlight=False)
    print_report(hostile, console)
    text = console.file.getvalue()
    assert not [char for char in text if ord(char) < 32 and char != "\n"]
    assert "\x9b" not in text
    assert "\u202e" not in text
    assert "[/]" in text
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_verdict_first_and_unread_lines(hostile, form):
    """Nobody has to look for either."""
    text = render(hostile, form)
    assert "fail" in text.lower()[:4000]
    assert "x.json" in text
    assert "no JSON" in text
    assert text.endswith("\n")


@pytest.mark.parametrize("form", FORMATS)
def test_a_clean_and_an_empty_report_render(evidence, compare, tmp_path, form):
    """Nothing to show is no error."""
    assert render(compare(evidence.paths()), form)
    (tmp_path / "none").mkdir()
    assert render(compare({"segment": tmp_path / "none", "customerio": tmp_path / "none"}), form)
