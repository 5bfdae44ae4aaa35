"""APIs that count messages by event and day, for when no export is at hand. One file a vendor.

To add an API, write a subclass of `CountsApi` in a file here and add it to `APIS`.
"""

from __future__ import annotations

from pipelines_client.evidence.count_apis.base import CountsApi
from pipelines_client.evidence.count_apis.customerio import CustomerioActivities
from pipelines_client.evidence.count_apis.segment import SegmentDelivery, SegmentVolume

APIS: dict[str, CountsApi] = {api.name: api for api in (SegmentVolume(), SegmentDelivery(), CustomerioActivities())}
"""Every API that counts, by its name."""
