"""Numbers that states give to people: a named, short list, each only under a key that names it.

All the validators of python-stdnum together accept nearly every number, and take 20 ms; so each key leads to its own.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar, Final, cast

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, Scalar
from pipelines_client.privacy.names import KeyMeaning, KeyWords, Phrases

_LISTED: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("Australia, tax file number", "au.tfn", ("tfn", "tax file number")),
    ("Belgium, rijksregisternummer", "be.nn", ("rijksregisternummer", "numero national", "registre national")),
    ("Brazil, CPF", "br.cpf", ("cpf",)),
    ("Canada, SIN", "ca.sin", ("sin", "social insurance number", "social insurance")),
    ("Denmark, CPR", "dk.cpr", ("cpr", "cpr number", "cpr nummer", "cpr nr")),
    ("Finland, HETU", "fi.hetu", ("hetu", "henkilotunnus")),
    ("France, NIR", "fr.nir", ("nir", "numero securite sociale", "securite sociale", "insee")),
    ("Germany, tax id", "de.idnr", ("steuer id", "steuerid", "steueridentifikationsnummer", "idnr")),
    ("India, Aadhaar", "in_.aadhaar", ("aadhaar", "aadhar", "uidai")),
    ("Ireland, PPS", "ie.pps", ("pps", "ppsn", "pps number")),
    ("Italy, codice fiscale", "it.codicefiscale", ("codice fiscale", "codicefiscale")),
    ("Mexico, CURP", "mx.curp", ("curp",)),
    ("Netherlands, BSN", "nl.bsn", ("bsn", "burgerservicenummer", "sofinummer")),
    ("Norway, fødselsnummer", "no.fodselsnummer", ("fodselsnummer", "fødselsnummer", "personnummer")),
    ("Poland, PESEL", "pl.pesel", ("pesel",)),
    ("South Africa, ID number", "za.idnr", ("sa id", "south african id", "rsa id")),
    ("Spain, DNI and NIE", "es.dni", ("dni",)),
    ("Spain, DNI and NIE", "es.nie", ("nie",)),
    ("Sweden, personnummer", "se.personnummer", ("personnummer",)),
    ("Switzerland, AHV number", "ch.ssn", ("ahv", "ahv number", "ahv nummer", "avs")),
    ("United Kingdom, NHS number", "gb.nhs", ("nhs", "nhs number")),
    (
        "United States, SSN and ITIN",
        "us.ssn",
        ("ssn", "social security number", "social security", "social security no"),
    ),
    ("United States, SSN and ITIN", "us.itin", ("itin",)),
)
"""What it is, the module that checks it, and the keys that name it."""
_ANY: Final = Phrases(
    *("national id", "national id number", "national identity number", "government id", "government id number"),
    *("personal id number", "identity number", "citizen id", "national identification number"),
)
_TAILS: Final = frozenset(["id", "no", "nr", "num", "number", "nummer", "value"])
_LONGEST: Final = 32


class NationalId(Detector):
    """A national id under a key that names it."""

    code = "national-id"
    title = "National ids, by the key that names them"
    names = tuple(dict.fromkeys(title for title, _, _ in _LISTED))
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("ssn", "536-90-4399"),
        ("nationalIdNumber", "529.982.247-25"),
        ("pesel", 44051401359),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (
        ("order_id", "536904399"),
        ("ssn", "000-12-3456"),
        ("sin", 0.5),
        ("ssn_provided", "yes"),
    )

    def __init__(self) -> None:
        self._checks = [
            (Phrases(*phrases), cast("Callable[[Any], bool]", import_module(f"stdnum.{module}").is_valid))
            for _, module, phrases in _LISTED
        ]

    def speaks(self, words: KeyWords) -> bool:
        """Return whether a key's last words name a national id."""
        return any(True for _ in self._named(words)) or _ANY.end(words)

    def holds(self, value: Scalar, key: KeyMeaning) -> bool:
        """Return whether a value is a number of the kind that the key names, or of any kind if it names none."""
        text = str(value)
        if isinstance(value, (bool, float)) or len(text) > _LONGEST:
            return False
        checks = [*self._named(key.words)] or [check for _, check in self._checks]
        return any(check(text) for check in checks)

    def _named(self, words: KeyWords) -> list[Callable[[Any], bool]]:
        ends = [words, words[:-1]] if len(words) > 1 and words[-1] in _TAILS else [words]
        return [check for phrases, check in self._checks if any(phrases.end(end) for end in ends)]
