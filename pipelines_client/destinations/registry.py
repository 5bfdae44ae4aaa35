"""The vendors, and how settings become a checked `Destination`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pipelines_client.destinations.base import ApiLimits, Curing, Destination
from pipelines_client.destinations.customerio import CustomerIo
from pipelines_client.destinations.segment import Segment
from pipelines_client.errors import ConfigError

VENDORS: tuple[type[Destination], ...] = (CustomerIo, Segment)
"""All vendors; a client's legs have this order. The first one's key is required."""
_OWNERS = {urlsplit(base).hostname: (vendor, region) for vendor in VENDORS for region, base in vendor.hosts.items()}
_QUOTES = ("'", '"')
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def make_destination(
    vendor: type[Destination],
    write_key: str,
    *,
    host: str | None = None,
    region: str | None = None,
    limits: ApiLimits | None = None,
    integrations: Mapping[str, Any] | None = None,
    cure: Curing | None = None,
) -> Destination:
    """Return a vendor's destination. The region is the one that the key names, else `region`, else the US.

    Raises:
        ConfigError: Key, region and host contradict each other (FACTS C8, S1: such data may be lost behind a 200).
    """
    setting = vendor.setting_prefix
    key = _clean_key(vendor, write_key)
    key_region = vendor.region_of_key(key)
    if key_region and region and region != key_region:
        raise ConfigError(
            f'{setting}write_key is for region "{key_region}", but {setting}region is "{region}": '
            f"leave out {setting}region, or use a key of that region"
        )
    region_from = f"{setting}write_key" if key_region else f"{setting}region"
    url = _base_url(vendor, host, region=key_region or region, region_from=region_from) + "/v1/batch"
    return vendor(url, key, limits or ApiLimits(), integrations or {}, cure)


def _clean_key(vendor: type[Destination], key: str) -> str:
    """Strip what secret files leave at the ends (FACTS C2); refuse what cannot be a key of this vendor."""
    setting = f"{vendor.setting_prefix}write_key"
    key = key.strip()
    if key[:1] in _QUOTES or key[-1:] in _QUOTES:
        raise ConfigError(
            f"{setting} has quotes around it: remove them (`docker run --env-file` keeps those of the file)"
        )
    if not key or _CONTROL.search(key) or not key.isascii():
        raise ConfigError(f"{setting} is empty or has white space, control or non-ASCII characters: copy it again")
    owner = next((other for other in VENDORS if other is not vendor and other.region_of_key(key)), None)
    if owner is not None:
        raise ConfigError(
            f"{setting} is for {vendor.title}, but has the form of a key of {owner.title}: "
            f"set {owner.setting_prefix}write_key to it, and {setting} to a key of {vendor.title}"
        )
    return key


def _base_url(vendor: type[Destination], host: str | None, *, region: str | None, region_from: str) -> str:
    """Return the API's base address; refuse a host of another vendor or of another region."""
    if not host:
        return vendor.hosts[region or next(iter(vendor.hosts))]
    setting = f"{vendor.setting_prefix}host"
    base = _normalised(host, setting, example=next(iter(vendor.hosts.values())))
    owner, host_region = _OWNERS.get(urlsplit(base).hostname, (vendor, region))
    if owner is not vendor:
        raise ConfigError(
            f"{setting} is for {vendor.title}, but {base} belongs to {owner.title}: "
            f"set {owner.setting_prefix}host to it, or leave out {setting}"
        )
    if region and region != host_region:
        raise ConfigError(
            f'{region_from} is for region "{region}", but {setting} {base} is in region "{host_region}": '
            f"leave out {setting}, or use a key of that region"
        )
    return base


def _normalised(host: str, setting: str, *, example: str) -> str:
    """Return a base address without a trailing `/`, `/v1` or `/v1/batch`; a vendor's own host may lack its scheme."""
    base = host.strip()
    if "://" not in base:
        if urlsplit(f"//{base}").hostname not in _OWNERS:
            raise ConfigError(f"{setting} must begin with https:// or http://, as {example} does: add the scheme")
        base = f"https://{base}"
    base = re.sub(r"(/v1(/batch)?)?/*$", "", base.rstrip("/"), flags=re.IGNORECASE)
    wrong = ConfigError(f"{setting} must be an address like {example}, without user, query or fragment")
    try:
        url = urlsplit(base)
        is_right = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        raise wrong from None
    if not is_right or _CONTROL.search(base) or url.username or url.query or url.fragment:
        raise wrong
    return url._replace(netloc=url.netloc.lower()).geturl()
