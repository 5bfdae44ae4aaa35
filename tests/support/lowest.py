"""Prints the lowest versions that pyproject.toml allows, as constraints for pip: `make test-lowest` runs with them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOOLS = ("test", "dev", "bench")
"""Extras that only we install: their versions are ours to choose."""
_FLOOR = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)")


def floors(project: dict[str, Any]) -> Iterator[str]:
    """Yield a constraint for each package that users may have in an older version than ours."""
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(each for name in extras if name not in TOOLS for each in extras[name])]
    for requirement in wanted:
        found = _FLOOR.match(requirement)
        if found:
            yield f"{found[1]}=={found[2]}"


if __name__ == "__main__":
    content = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    sys.stdout.write("".join(f"{line}\n" for line in floors(tomllib.loads(content)["project"])))
