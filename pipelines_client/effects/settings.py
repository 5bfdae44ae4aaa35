"""What a team has changed in Segment's Customer.io destination: the file of `--route`. Pure.

A TOML file, with a section for each action that differs from the default:

    convert_timestamp = false           # for all actions

    [identify]
    convert_timestamp = true            # for this one
    id = "traits.account_id"            # another path for a field
    email = ""                          # a field without a mapping

    [page]
    enabled = false                     # an action that is switched off
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines_client.effects.routes.segment_mapping import CONVERTS, FIELDS, Fields
from pipelines_client.errors import SourceError

_CONVERT, _ENABLED = "convert_timestamp", "enabled"


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """Segment's Customer.io destination as a team has set it; by default as it is delivered.

    Attributes:
        fields: The fields of each action that is switched on.
        converting: The actions that turn dates into Unix seconds (FACTS R2).
    """

    fields: Mapping[str, Fields] = field(default_factory=lambda: FIELDS)
    converting: frozenset[str] = CONVERTS


def parse_settings(values: Mapping[str, Any], where: str) -> DestinationSettings:
    """Return the settings in the values of a TOML file; errors name it `where`.

    Raises:
        SourceError: A section or key is unknown, or has a value of the wrong type.
    """
    fields, converting = dict(FIELDS), set(CONVERTS)
    for key, value in values.items():
        if key == _CONVERT:
            if not _flag(value, f"{where}: {key}"):
                converting.clear()
        elif key not in FIELDS:
            raise SourceError(f"{where}: unknown section {key}; the sections are {', '.join(FIELDS)}, and {_CONVERT}")
    for action, section in values.items():
        if action == _CONVERT:
            continue
        if type(section) is not dict:
            raise SourceError(f"{where}: {action} must be a section; write [{action}]")
        _apply(action, section, fields, converting, f"{where}: [{action}]")
    return DestinationSettings(fields, frozenset(converting & fields.keys()))


def _apply(
    action: str, section: Mapping[str, Any], fields: dict[str, Fields], converting: set[str], where: str
) -> None:
    mapped = dict(fields[action])
    is_enabled = True
    for key, value in section.items():
        if key == _CONVERT and action in CONVERTS:
            (converting.add if _flag(value, f"{where} {key}") else converting.discard)(action)
        elif key == _ENABLED:
            is_enabled = _flag(value, f"{where} {key}")
        elif key not in mapped:
            known = ", ".join((*mapped, _ENABLED, *((_CONVERT,) if action in CONVERTS else ())))
            raise SourceError(f"{where}: unknown key {key}; the keys are {known}")
        elif type(value) is not str:
            raise SourceError(f'{where} {key}: write the path of a value, such as "traits.plan"; "" for none')
        else:
            path = value.removeprefix("$.")
            mapped[key] = replace(mapped[key], paths=(path,) if path else ())
    fields[action] = mapped
    if not is_enabled:
        del fields[action]


def _flag(value: Any, where: str) -> bool:
    if type(value) is not bool:
        raise SourceError(f"{where}: write true or false")
    return value
