"""The committed OpenAPI document."""

from functools import cache
from typing import Any

import yaml

from config.env import BASE_DIR


@cache
def openapi_document() -> dict[str, Any]:
    """Read once a worker, by libyaml: PyYAML's own parser takes seconds. Not to be changed."""
    text = (BASE_DIR / "docs" / "reference" / "openapi.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return document
