"""The JSON Schema of the JSON report, as docs/parity-report.schema.json has it."""

from __future__ import annotations

import json

from pipelines_client.parity.model import SCHEMA_VERSION, ParityReport


def report_schema() -> str:
    """Return the schema as JSON text, indented, with a last newline."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:pipelines-client:parity-report:{SCHEMA_VERSION}",
        **ParityReport.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2) + "\n"
