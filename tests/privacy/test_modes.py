"""The setting `privacy`: a mode, a table, JSON from the environment, and what cannot be right."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines_client import Client
from pipelines_client.config import Settings
from pipelines_client.errors import ConfigError
from pipelines_client.privacy.modes import CODES, ON_REQUEST, modes_of, table_of


@pytest.mark.parametrize(
    ("given", "table"),
    [
        (None, None),
        ("off", None),
        ({}, None),
        ({"default": "off", "card": "off", "allow": ["properties.a"]}, None),
        ({"allow": ("properties.a",)}, {"allow": ["properties.a"]}),
        (" Redact ", {"default": "redact"}),
        ('{"card": "reject", "health_keys": ["skin type"]}', {"card": "reject", "health_keys": ["skin type"]}),
        ({"default": "off", "jwt": "raise"}, {"default": "off", "jwt": "raise"}),
    ],
)
def test_a_setting_becomes_a_table(given: Any, table: Any) -> None:
    """None: nothing is looked for."""
    assert table_of(given) == table
    assert Settings.load(privacy=given).privacy == table


def test_the_default_mode_is_for_all_but_what_has_to_be_asked_for() -> None:
    """A person's e-mail address belongs into an identify."""
    assert modes_of({"default": "redact"}) == dict.fromkeys(set(CODES) - set(ON_REQUEST), "redact")
    assert modes_of({"default": "off", "email": "warn"}) == {"email": "warn"}
    assert modes_of({"card": "reject"})["card"] == "reject"
    assert modes_of({"card": "reject"})["iban"] == "warn"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("readct", "the mode of default must be one of off, warn, redact, reject, raise"),
        ({"cards": "warn"}, "cards is not a detector; did you mean card?"),
        ({"card": "delete"}, "the mode of card must be one of"),
        ({"allow": "properties.a"}, "allow must be a list of texts"),
        ("{", "must be JSON, or one of off, warn"),
        (7, "must be a mode, or a table"),
    ],
)
def test_what_cannot_be_right_is_an_error_that_names_it(
    given: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At construction, from code and from the environment."""
    with pytest.raises(ConfigError, match=r"^privacy \(or PIPELINES_PRIVACY\): .*" + words.replace("?", r"\?")):
        Client("k", privacy=given)
    if isinstance(given, str):
        monkeypatch.setenv("PIPELINES_PRIVACY", given)
        with pytest.raises(ConfigError, match="PIPELINES_PRIVACY"):
            Client("k")
