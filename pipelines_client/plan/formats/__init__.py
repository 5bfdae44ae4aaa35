"""The plans of other tools, one file a format: which there are, which one a file has, reading and writing.

    from pipelines_client.plan.formats import import_plan, export_plan

    plan = import_plan("segment-plan.json")
    Path("tracking-plan.yaml").write_text(export_plan(plan, "tracking-plan"))

To add a format, write a `PlanFormat` in one file and name it in `FORMATS`, before those that recognise more.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pipelines_client.errors import PlanError
from pipelines_client.keywords import nearest
from pipelines_client.plan.document import read_plan_bytes
from pipelines_client.plan.formats.base import PlanFile, PlanFormat
from pipelines_client.plan.formats.iglu import IgluFormat
from pipelines_client.plan.formats.json_schema import JsonSchemaFormat
from pipelines_client.plan.formats.own import OwnFormat
from pipelines_client.plan.formats.python_module import PythonModuleFormat
from pipelines_client.plan.formats.rudder import RudderFormat
from pipelines_client.plan.formats.segment import SegmentFormat
from pipelines_client.plan.formats.segment_csv import SegmentCsvFormat
from pipelines_client.plan.model import TrackingPlan
from pipelines_client.plan.text import MOST_BYTES

FORMATS: Final[tuple[PlanFormat, ...]] = (
    PythonModuleFormat(),
    SegmentCsvFormat(),
    OwnFormat(),
    SegmentFormat(),
    RudderFormat(),
    IgluFormat(),
    JsonSchemaFormat(),
)
_MOST_FILES: Final = 5_000


def import_plan(path: Path | str, format_name: str | None = None) -> TrackingPlan:
    """Read a plan of any format.

    Args:
        path: A file, or a folder for formats that have several files.
        format_name: Name of the format; default: the one that recognises the files.

    Raises:
        PlanError: It cannot be read; the text names the file, the line and the cure.

    Example:
        ```python
        plan = import_plan("segment-plan.json")
        print(len(plan.events))
        ```
    """
    files = plan_files(Path(path))
    return (_recognised(files, str(path)) if format_name is None else format_named(format_name)).read(files)


def export_plan(plan: TrackingPlan, format_name: str) -> str:
    """Return a plan as the text of a file of a format.

    Raises:
        PlanError: There is no such format, or it is only read.

    Example:
        ```python
        Path("plan.json").write_text(export_plan(plan, "segment"), "utf-8")
        ```
    """
    found = format_named(format_name)
    if not found.is_written:
        written = ", ".join(each.name for each in FORMATS if each.is_written)
        raise PlanError(f"{found.title}: this format is only read; write one of {written}")
    return found.write(plan)


def format_named(name: str) -> PlanFormat:
    """Return a format by its name.

    Raises:
        PlanError: There is none; the text names the nearest.
    """
    found = next((each for each in FORMATS if each.name == name), None)
    if found is None:
        names = [each.name for each in FORMATS]
        near = nearest(name, names)
        raise PlanError(f"this format is not known; {f'did you mean {near}?' if near else 'use ' + ', '.join(names)}")
    return found


def plan_files(path: Path) -> list[PlanFile]:
    """Return a file, or all files of a folder in the order of their names; hidden ones are passed over.

    Raises:
        PlanError: A file cannot be read, or the folder is too large for a plan.
    """
    if not path.is_dir():
        return [PlanFile(str(path), read_plan_bytes(path))]
    paths = sorted(each for each in path.rglob("*") if each.is_file() and not _is_hidden(each.relative_to(path)))
    size = sum(each.stat().st_size for each in paths)
    if not paths or len(paths) > _MOST_FILES or size > MOST_BYTES:
        raise PlanError(f"{path} has {len(paths):,} files of {size:,} bytes; pass the folder of one plan")
    return [PlanFile(str(each), read_plan_bytes(each)) for each in paths]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.parts)


def _recognised(files: Sequence[PlanFile], name: str) -> PlanFormat:
    found = next((each for each in FORMATS if each.recognises(files)), None)
    if found is not None:
        return found
    for file in files:
        _ = file.documents  # raises what is wrong with it
    names = ", ".join(each.name for each in FORMATS)
    raise PlanError(f"{name}: no format recognises it; name the format, one of {names}")
