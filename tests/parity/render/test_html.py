"""The HTML report in a real browser: what a person with eyes, a keyboard, a screen reader or a phone meets."""

from __future__ import annotations

import json

import pytest
from browser import browser, find_browser
from needs import lacks
from showcase import showcase_report
from worst import hostile_report

from pipelines_client.parity.render import render

WIDTHS = {"phone": 360, "desktop": 1280}
CONTRAST = """
(() => {
  const parts = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (color) => {
    const [red, green, blue] = parts(color).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      const alpha = parts(color)[3] ?? 1;
      if (alpha === 1) return color;
      if (alpha !== 0) throw new Error(`half transparent: ${color}`);
    }
    throw new Error("nothing behind the text");
  };
  const weak = [];
  let seen = 0;
  for (const element of document.body.querySelectorAll("*")) {
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!isText || !element.getClientRects().length || element.tagName === "SCRIPT") continue;
    const style = getComputedStyle(element);
    const [dark, bright] = [light(style.color), light(behind(element))].sort((left, right) => left - right);
    const ratio = (bright + 0.05) / (dark + 0.05);
    seen += 1;
    if (ratio < 4.5 || style.opacity !== "1") weak.push([element.textContent.slice(0, 40), ratio]);
  }
  return {seen, weak};
})()
"""
TABLES = """
[...document.querySelectorAll("table")].map((table) => ({
  caption: table.caption?.textContent ?? "",
  unscoped: [...table.querySelectorAll("th")].filter((head) => !head.scope).length,
  rowsWithoutHead: [...table.tBodies].flatMap((body) => [...body.rows])
    .filter((row) => row.cells.length > 1 && !row.querySelector("th")).length,
}))
"""
COLUMN = "[...document.querySelector({table}).tBodies[0].rows].map((row) => row.cells[{column}].textContent)"
GATES = "[aria-label=Gates] table"


@pytest.fixture(scope="module")
def page():
    """One browser for all tests."""
    executable = find_browser()
    if executable is None:
        lacks("the page is tested in Chromium: apt-get install chromium")
    with browser(executable) as opened:
        yield opened


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The files of the two reports, the one to look at and the worst."""
    folder = tmp_path_factory.mktemp("pages")
    made = {"showcase": showcase_report, "hostile": hostile_report}
    for name, make in made.items():
        (folder / name).mkdir()
        (folder / f"{name}.html").write_text(render(make(folder / name), "html"), "utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture
def column(page):
    """Read a column of a table, from the top."""

    def read(table: str, number: int) -> list[str]:
        return page.run(COLUMN.format(table=json.dumps(table), column=number))

    return read


@pytest.mark.parametrize("name", ["showcase", "hostile"])
def test_the_page_asks_for_nothing_and_complains_of_nothing(page, reports, name):
    """One request, for the file itself; no error, no violation of its policy, no dialog, no script from outside."""
    page.open(reports[name])
    asked = [
        event["params"]["request"]["url"] for event in page.events if event["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith("data:")] == [reports[name].as_uri()]
    noise = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening")
    assert not [event for event in page.events if event["method"] in noise]
    assert page.run("document.querySelectorAll('script, img, iframe, object, form').length") == 1
    assert page.run("document.documentElement.outerHTML.length") > 10_000


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", ["showcase", "hostile"])
def test_the_page_is_as_wide_as_the_screen(page, reports, name, width):
    """Only tables scroll sideways, each by itself; the longest name makes nothing else wider."""
    page.open(reports[name], width=width, height=800)
    assert page.run("innerWidth") == width
    assert page.run("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast_in_light_and_dark(page, reports, scheme, width):
    """4.5 to 1 at least, as WCAG asks, everywhere."""
    page.open(reports["showcase"], scheme=scheme, width=width)
    found = page.run(CONTRAST)
    assert found["seen"] > 150
    assert found["weak"] == []


def test_light_and_dark_differ(page, reports):
    """The page follows the reader's system."""
    backgrounds = set()
    for scheme in ("light", "dark"):
        page.open(reports["showcase"], scheme=scheme)
        backgrounds.add(page.run("getComputedStyle(document.body).backgroundColor"))
    assert len(backgrounds) == 2


def test_a_screen_reader_hears_headings_and_names(page, reports):
    """One h1 with the verdict, then h2; every table has a caption, every head a scope, every row a head."""
    page.open(reports["showcase"])
    headings = page.run("[...document.querySelectorAll('h1, h2, h3, h4')].map((h) => h.tagName + ' ' + h.textContent)")
    assert headings[0] == "H1 Parity: FAIL"
    assert [heading.split()[0] for heading in headings[1:]] == ["H2"] * (len(headings) - 1)
    assert {"H2 What to do", "H2 Events by day", "H2 Missing by cause", "H2 Drift by path", "H2 Latency"} <= set(
        headings
    )
    tables = page.run(TABLES)
    assert len(tables) > 8
    assert all(table["caption"] and not table["unscoped"] and not table["rowsWithoutHead"] for table in tables), tables
    assert page.run("document.documentElement.lang") == "en"
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    named = [(node["role"]["value"], node.get("name", {}).get("value")) for node in nodes if not node["ignored"]]
    assert not [role for role, name in named if role in ("button", "searchbox", "table", "region", "link") and not name]
    assert {"main", "table", "columnheader", "rowheader"} <= {role for role, _ in named}


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page, reports):
    """The first stop skips to the verdict; each stop after it has an outline."""
    page.open(reports["showcase"])
    stops = []
    for _ in range(5):
        page.press("Tab")
        stops.append(
            page.run("[document.activeElement.className, getComputedStyle(document.activeElement).outlineStyle]")
        )
    assert stops[0][0] == "skip"
    assert page.run("document.querySelector('.skip').getBoundingClientRect().top") < 0
    assert {outline for _, outline in stops} == {"solid"}


def test_a_table_sorts_by_keyboard_and_back(page, reports, column):
    """Enter on a heading sorts up, then down, then not at all; aria-sort says so, and numbers sort as numbers."""
    page.open(reports["showcase"])
    before = column(GATES, 2)
    head = f"document.querySelector('{GATES} thead').rows[0].cells[2]"
    page.run(f"{head}.querySelector('button').focus()")
    orders, columns = [], []
    for _ in range(3):
        page.press("Enter")
        orders.append(page.run(f"{head}.getAttribute('aria-sort')"))
        columns.append(column(GATES, 2))
    assert orders == ["ascending", "descending", "none"]
    assert columns[0] != before
    assert columns[2] == before
    values = [float(text.split()[0].replace(",", "")) for text in columns[1]]
    assert values == sorted(values, reverse=True)


def test_a_table_filters_and_says_how_much_is_left(page, reports):
    """Rows that lack the word go, in whatever case it is typed; an empty word brings them back."""
    page.open(reports["showcase"])
    page.run("document.querySelector('input[aria-label=\"Filter Gates\"]').focus()")
    for key in "CUSTOMER":
        page.press(key)
    shown = (
        "[...document.querySelectorAll('[aria-label=Gates] tbody tr')].filter((row) => row.checkVisibility()).length"
    )
    count = page.run(shown)
    total = page.run("document.querySelectorAll('[aria-label=Gates] tbody tr').length")
    assert 0 < count < total
    said = "document.activeElement.closest('.filter').querySelector('output').textContent"
    assert page.run(said) == f"{count} of {total} rows"
    page.run("const box = document.activeElement; box.value = ''; box.dispatchEvent(new Event('input'))")
    assert page.run(shown) == total


def test_without_the_script_the_page_has_no_dead_controls(page, reports):
    """Buttons and boxes are made by the script; the tables are there without it."""
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open(reports["showcase"])
        assert page.run("document.querySelectorAll('button, input').length") == 0
        assert page.run("document.querySelectorAll('table').length") > 8
    finally:
        page.send("Emulation.setScriptExecutionDisabled", value=False)
