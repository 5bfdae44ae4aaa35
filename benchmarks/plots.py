"""Draws plots as SVG for light and dark pages: no background, colours of medium brightness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.case import Plot

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter, NullFormatter

_GREY = "#848d97"
_COLOURS = ("#2f81f7", "#db6d28", "#2da44e", "#a371f7")
_MARKS = ("o", "s", "^", "D")
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "pipelines_client",  # the same plot is the same file
    "font.size": 11,
    "text.color": _GREY,
    "axes.labelcolor": _GREY,
    "axes.edgecolor": _GREY,
    "xtick.color": _GREY,
    "ytick.color": _GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _GREY,
    "grid.alpha": 0.3,
}


def draw(plot: Plot, folder: Path) -> Path:
    """Draw a plot into `<name>.svg`; return the file."""
    path = folder / f"{plot.name}.svg"
    with mpl.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=(7.2, 3.8), layout="constrained")
        for line, colour, mark in zip(plot.lines, _COLOURS, _MARKS, strict=False):
            axes.plot(line.x, line.y, color=colour, marker=mark, linewidth=2, label=line.label)
        axes.set_title(plot.title, fontsize=12)
        axes.set_xlabel(plot.x_label)
        axes.set_ylabel(plot.y_label)
        if plot.is_log_x:
            axes.set_xscale("log")
        if plot.is_log_y:
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0, top=1.15 * max(max(line.y) for line in plot.lines))
        ticks = sorted({value for line in plot.lines for value in line.x})
        axes.set_xticks(ticks, [f"{value:,g}" if value < 1e6 else f"{value / 1e6:g} M" for value in ticks])  # noqa: PLR2004
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.grid(visible=True)
        axes.legend(frameon=False, labelcolor=_GREY)
        figure.savefig(path, transparent=True, metadata={"Date": None})
        plt.close(figure)
    return path
