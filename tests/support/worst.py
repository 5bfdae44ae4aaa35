"""Names from outside, all of the worst sort, and a report that is full of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from evidence import START, Evidence

from pipelines_client.parity import ParityOptions, ParityReport, run_parity
from pipelines_client.parity.rules import parse_rules

if TYPE_CHECKING:
    from pathlib import Path

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
    "javascript:alert(1)//' onmouseover='alert(1)",
    "]]></system-out><testcase/>\x00\x0b\ufffe\uffff",
    'x"} 1\n# EOF\nfake{a="\\',
    "a;=1+1\t@SUM(A1),-2",
    "<!channel> @everyone @here",
    "x" * 3000,
]


RULES = {
    "gates": {"events": {name: {"max_missing": 1} for name in HOSTILE}},
    "expected": [
        {
            "name": f"{name} {day.year}",
            "path": f"properties.{name}",
            "event": name,
            "reason": name,
            "owner": name,
            "expiry": day,
        }
        for name in HOSTILE
        for day in (date(2026, 1, 1), date(2027, 1, 1))
    ],
    "check": [{"name": name[:80], "reason": name, "sql": "SELECT event, reason FROM missing"} for name in HOSTILE],
}


def hostile_report(folder: Path) -> ParityReport:
    """Give events, properties, reasons, ids, files, rules, gates and checks such names, each in a class that shows."""
    evidence = Evidence(folder, count=120)
    for index, name in enumerate(HOSTILE):
        fine = evidence.track("u1", name, {name: 1})
        fine.payload("customerio")[name] = name
        evidence.track(name, f"{name} {index}", {}).sides["segment"]["event"] = name + "!"
        evidence.track("u1", name, {}).not_sent("segment", "rejected", name)
        evidence.track("u1", name, {}, messageId=f"{name[:60]}{index}").sides["segment"]["userId"] = "z"
        evidence.track("u1", name, {}).copies["customerio"] = 2
    paths = evidence.paths()
    (paths["customerio"] / "<b>[red]`|x.json").write_bytes(b"{bad\n")
    rules = parse_rules(RULES, "parity.toml")
    return run_parity(paths, ParityOptions(show_values=True, rules=rules), now=START)
