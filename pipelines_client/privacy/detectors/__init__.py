"""The detectors, one file each. `base` has the contract; `DETECTORS` says which exist, in the order of the docs.

Where two find something in one place, the harder mode decides, then the longer find, then this order.
"""

from __future__ import annotations

from typing import Final

from pipelines_client.privacy.detectors.base import Detector
from pipelines_client.privacy.detectors.bearer_token import BearerToken
from pipelines_client.privacy.detectors.card import Card
from pipelines_client.privacy.detectors.card_code import CardCode
from pipelines_client.privacy.detectors.email import Email
from pipelines_client.privacy.detectors.health import HealthData
from pipelines_client.privacy.detectors.iban import Iban
from pipelines_client.privacy.detectors.jwt import Jwt
from pipelines_client.privacy.detectors.national_id import NationalId
from pipelines_client.privacy.detectors.password import Password
from pipelines_client.privacy.detectors.phone import Phone
from pipelines_client.privacy.detectors.private_key import PrivateKey
from pipelines_client.privacy.detectors.vendor_key import VendorKey

DETECTORS: Final[tuple[type[Detector], ...]] = (
    Card,
    CardCode,
    Iban,
    NationalId,
    PrivateKey,
    Jwt,
    VendorKey,
    BearerToken,
    Password,
    HealthData,
    Email,
    Phone,
)
