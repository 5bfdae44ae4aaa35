"""Which properties of a plan are amounts of money, and which are dates: one answer for all rules. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from pipelines_client.plan.model import Conventions, PlannedCall, Schema
from pipelines_client.plan.schemas import Property, properties_of, standalone

_CURRENCIES: Final = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND
    VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - a list of words reads better as text
)
"""ISO 4217: the currencies that people pay in."""
_DATE_FORMATS: Final = frozenset(("date", "date-time"))
_DATE_UNITS: Final = frozenset(("unix_seconds", "unix seconds"))


def is_amount(each: Property, conventions: Conventions) -> bool:
    """Return whether a property is an amount of money: its `unit` is a currency, or the plan names it."""
    return currency_of(each) is not None or _is_named(each.name, conventions.money_properties)


def currency_of(each: Property) -> str | None:
    """Return the currency that a property's `unit` is, in capitals; None if it is none: `kWh`, `cents`."""
    unit = each.schema.get("unit")
    code = unit.strip().upper() if isinstance(unit, str) else ""
    return code if code in _CURRENCIES else None


def is_date(each: Property, conventions: Conventions) -> bool:
    """Return whether a property is a date: its `format` or `unit` says so, or the plan names it."""
    if each.schema.get("format") in _DATE_FORMATS or each.schema.get("unit") in _DATE_UNITS:
        return True
    return _is_named(each.name, conventions.date_properties)


def _is_named(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def amounts_in(call: PlannedCall, conventions: Conventions) -> list[tuple[str, ...]]:
    """Return the paths of a call's amounts."""
    return [each.path for each in properties_of(standalone(call)) if is_amount(each, conventions)]


def dates_in(call: PlannedCall, conventions: Conventions) -> list[tuple[str, ...]]:
    """Return the paths of a call's dates."""
    return [each.path for each in properties_of(standalone(call)) if is_date(each, conventions)]


def schema_at(paths: Iterable[tuple[str, ...]], leaf: Schema) -> Schema | None:
    """Return a schema by which the values at some paths are as `leaf` says; None if there is no path.

    Example:
        ```python
        assert schema_at([("items", "[]", "price")], {"type": "integer"}) == {
            "properties": {"items": {"items": {"properties": {"price": {"type": "integer"}}}}}
        }
        ```
    """
    made: Schema = {}
    for path in paths:
        place = made
        for name in path:
            place = (
                place.setdefault("items", {})
                if name == "[]"
                else place.setdefault("properties", {}).setdefault(name, {})
            )
        place.update(leaf)
    return made or None
