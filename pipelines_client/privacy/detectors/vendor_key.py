"""Secret keys of well-known services, by the prefix that each has given them.

Keys that are made to be seen (Stripe's `pk_`, Mapbox's `pk.`) are not secret, and are not looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, TextSpan
from pipelines_client.privacy.glance import Hint
from pipelines_client.privacy.names import KeyMeaning

_SHAPES: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("Amazon Web Services", ("AKIA", "ASIA"), "(?=[A-Z]*[2-7])[A-Z2-7]{16}"),
    ("Anthropic", ("sk-ant-",), r"[\w-]{20,}"),
    ("DigitalOcean", ("doo_v1_", "dop_v1_", "dor_v1_"), "[0-9a-f]{64}"),
    ("Doppler", ("dp.pt.", "dp.st.", "dp.sa."), r"[A-Za-z0-9.]{40,}"),
    ("GitHub", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), "[A-Za-z0-9]{36,}"),
    ("GitHub", ("github_pat_",), r"\w{22,}"),
    ("GitLab", ("glpat-", "gldt-", "glrt-", "glptt-"), r"[\w-]{20,}"),
    ("Google", ("AIza",), r"[\w-]{35}"),
    ("Google", ("GOCSPX-",), r"[\w-]{28}"),
    ("Hashicorp Vault", ("hvs.", "hvb."), r"[\w-]{24,}"),
    ("Hugging Face", ("hf_",), "[A-Za-z0-9]{34}"),
    ("Linear", ("lin_api_",), "[A-Za-z0-9]{40}"),
    ("Mailgun", ("key-",), "[0-9a-f]{32}"),
    ("npm", ("npm_",), "[A-Za-z0-9]{36}"),
    ("OpenAI", ("sk-proj-", "sk-svcacct-", "sk-admin-"), r"[\w-]{20,}"),
    ("OpenAI", ("sk-",), "[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}"),
    ("Postman", ("PMAK-",), "[0-9a-f]{24}-[0-9a-f]{34}"),
    ("PyPI", ("pypi-",), r"AgE[\w-]{50,}"),
    ("Segment", ("sgp_",), "[A-Za-z0-9]{40,}"),
    ("SendGrid", ("SG.",), r"[\w-]{16,32}\.[\w-]{16,64}"),
    ("Shopify", ("shpat_", "shpca_", "shppa_", "shpss_"), "[0-9a-fA-F]{32}"),
    ("Slack", ("xoxa-", "xoxb-", "xoxe-", "xoxp-", "xoxr-", "xoxs-", "xapp-"), "[A-Za-z0-9-]{20,}"),
    ("Square", ("sq0atp-", "sq0csp-"), r"[\w-]{22,}"),
    ("Stripe", ("sk_live_", "sk_test_", "rk_live_", "rk_test_"), "[A-Za-z0-9]{16,}"),
    ("Stripe", ("whsec_",), "[A-Za-z0-9+/=]{32,}"),
)
"""Service, prefixes and the rest of each kind of key, as a regular expression."""
SERVICES: Final = tuple(dict.fromkeys(service for service, _, _ in _SHAPES))
"""The services, by name."""
_MARKS: Final = "_.-"
_SHORT: Final = 3
_PREFIXES: Final = [prefix for _, prefixes, _ in _SHAPES for prefix in prefixes]
_WITHOUT_A_MARK: Final = tuple(prefix for prefix in _PREFIXES if prefix[-1] not in _MARKS)
_SHAPE: Final = re.compile(
    "(?<![A-Za-z0-9_])(?:"
    + "|".join(f"(?:{'|'.join(map(re.escape, prefixes))}){rest}" for _, prefixes, rest in _SHAPES)
    + ")(?![A-Za-z0-9_])",
    re.ASCII,
)


def _hint(mark: str) -> Hint:
    """Return the hint at the prefixes that end in a mark: what it looks back for at once has one length."""
    ended = [prefix for prefix in _PREFIXES if prefix[-1] == mark]
    by_length = [{prefix[-count:] for prefix in ended if len(prefix) >= count} for count in (_SHORT, _SHORT + 1)]
    by_length[0] = {prefix for prefix in by_length[0] if prefix in ended}
    behind = "|".join(f"(?<={'|'.join(map(re.escape, sorted(ends)))})" for ends in by_length if ends)
    return Hint((mark,), pattern=rf"{re.escape(mark)}(?:{behind})[\w.+/=-]{{16}}")


class VendorKey(Detector):
    """A secret key of a service."""

    code = "vendor-key"
    title = "Secret keys of services, by their prefix"
    hints = (Hint(_WITHOUT_A_MARK), *(_hint(mark) for mark in _MARKS))
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("value", "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"),
        ("log", "deploy failed for " + "gh" + "p_" + "a1B2" * 9 + ": not found"),
        ("key", "AKIA" + "IOSFODNN7EXAMPLE"),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (
        ("value", "pk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"),
        ("sku", "SK-10042"),
        ("event", "key-value store opened"),
    )

    def find(self, text: str, key: KeyMeaning) -> Iterator[TextSpan]:  # noqa: ARG002 - the contract's
        """Yield where keys stand in a text."""
        for match in _SHAPE.finditer(text):
            yield match.span()
