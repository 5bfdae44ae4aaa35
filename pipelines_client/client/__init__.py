"""The client: what an application calls. `calls` has upstream's six calls, `client` takes their messages to delivery.

It may not read evidence or reports, and raises nothing but upstream's AssertionErrors into a call. `upstream` has the
other things that code written for upstream expects. A new setting is a field of `config.Settings`, a keyword in
`keywords` and a variable in `pipelines_client/__init__.py`; the tests compare the three.
"""

from __future__ import annotations

from pipelines_client.client.client import Client
from pipelines_client.client.hooks import BeforeSend, OnDelivery, OnError

__all__ = ["BeforeSend", "Client", "OnDelivery", "OnError"]
