"""Takes the pictures in docs/images of a report: `make images`.

python tests/parity/pictures.py demo-out/report.json docs/images
"""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from browser import browser, find_browser
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI

from pipelines_client.parity import ParityReport
from pipelines_client.parity.render import render
from pipelines_client.parity.render.terminal import print_report

PICTURES = {  # name → scheme, width, height, what is on top
    "parity-report": ("light", 1200, 1400, "#verdict"),
    "parity-report-dark": ("dark", 1200, 1400, "#verdict"),
    "parity-report-phone": ("dark", 390, 844, "#verdict"),
    "parity-report-phone-events": ("light", 390, 844, "#events-by-day"),
}
PICTURES_OF_SNAPSHOT = {
    "parity-report-trend": ("light", 1200, 700, "#readiness"),
    "parity-report-latency": ("dark", 1200, 500, "#latency"),
}


def terminal_page(report: ParityReport) -> str:
    """Return what a terminal of 100 columns shows as a page, with rich's own export."""
    console = Console(record=True, width=100, file=StringIO(), force_terminal=True, highlight=False)
    print_report(report, console)
    return console.export_html(inline_styles=True, theme=DIMMED_MONOKAI).replace(
        "<body", '<body style="margin:16px;zoom:1.1"', 1
    )


def main(report: Path, folder: Path) -> None:
    """Take all of them."""
    executable = find_browser()
    if executable is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    read = ParityReport.model_validate_json(report.read_text("utf-8"))
    with TemporaryDirectory() as scratch, browser(executable) as opened:
        page, terminal = Path(scratch, "page.html"), Path(scratch, "terminal.html")
        page.write_text(render(read, "html"), "utf-8")
        terminal.write_text(terminal_page(read), "utf-8")
        snapshot = Path(__file__).parents[1] / "parity" / "render" / "snapshots" / "report.html"
        for file, pictures in ((page, PICTURES), (snapshot, PICTURES_OF_SNAPSHOT)):
            for name, (scheme, width, height, top) in pictures.items():
                opened.open(file, width=width, height=height, scheme=scheme)
                opened.run(f"document.querySelector('{top}').scrollIntoView(); scrollBy(0, -16)")
                opened.picture(folder / f"{name}.png")
        opened.open(terminal, width=1130, height=1000)
        opened.picture(folder / "parity-terminal.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
