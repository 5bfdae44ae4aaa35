"""The client: upstream's class with another way out."""

from __future__ import annotations

from pipelines_client.client.client import BeforeSend, Client, OnDelivery, OnError

__all__ = ["BeforeSend", "Client", "OnDelivery", "OnError"]
