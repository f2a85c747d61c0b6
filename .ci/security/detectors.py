"""Secrets that detect-secrets does not know by their form: those of the services that we deploy to,
and values without quotes, as in a Dockerfile, a shell script, a page or an `.env`."""

# ruff: noqa: S105 -- what a kind of secret is called

import re
from collections.abc import Generator
from typing import Final

from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector
from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString

#: Bits a character, of what was made at random: below are words, and names of variables.
_ENTROPY_MIN: Final = 3.3


class HuggingFaceToken(RegexBasedDetector):
    secret_type = "Hugging Face Token"
    denylist = (re.compile(r"\bhf_[A-Za-z0-9]{30,}\b"),)


class FineGrainedGitHubToken(RegexBasedDetector):
    secret_type = "GitHub Token, fine-grained"
    denylist = (re.compile(r"\bgithub_pat_[A-Za-z0-9_]{40,}\b"),)


class SentryDsn(RegexBasedDetector):
    secret_type = "Sentry DSN"
    denylist = (re.compile(r"https?://[0-9a-f]{32}(?::[0-9a-f]{32})?@[\w.-]+/\d+"),)


class ApiToken(RegexBasedDetector):
    """One of ours has 64 hexadecimal digits."""

    secret_type = "Bearer Token"
    denylist = (re.compile(r"(?i)\bbearer +([A-Za-z0-9_.~+/-]{20,})"),)


class UnquotedSecret(BasePlugin):
    """`SECRET_KEY=…`, `ENV TOKEN …`, `password: …`, whatever the kind of file."""

    secret_type = "Unquoted Secret"
    _assigned = re.compile(
        r"(?i)[\w.-]*(?:secret|token|passw(?:or)?d|api_?key|access_?key|private_?key|credential)[\w.-]*"
        r"(?:[\"']?\s*[=:]\s*|\s+)[\"']?(?P<value>[\w.~+/!@#%^&*=-]{16,})"
    )
    _entropy = staticmethod(Base64HighEntropyString().calculate_shannon_entropy)

    def analyze_string(self, string: str) -> Generator[str, None, None]:
        for found in self._assigned.finditer(string):
            value = found["value"]
            if re.search(r"\d", value) and self._entropy(value) >= _ENTROPY_MIN:
                yield value


OURS: Final[tuple[BasePlugin, ...]] = (
    HuggingFaceToken(),
    FineGrainedGitHubToken(),
    SentryDsn(),
    ApiToken(),
    UnquotedSecret(),
)
