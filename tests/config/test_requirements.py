"""The locks hold what an installer will ask for."""

import re
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config.env import BASE_DIR

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[(?P<extras>[^\]]+)\])?==", re.MULTILINE)


def pins(file: str) -> dict[str, set[str]]:
    """Each pinned package with the extras it is pinned with."""
    text = (BASE_DIR / file).read_text(encoding="utf-8")
    return {
        canonicalize_name(found["name"]): set((found["extras"] or "").split(",")) - {""}
        for found in _PIN.finditer(text)
    }


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_pins_name_the_extras_that_packages_ask_for(file: str) -> None:
    """`coverage[toml]>=7` is not held by a pin of `coverage`: pip takes the newest release and then
    refuses it, because it has no hash."""
    pinned = pins(file)
    for name in pinned:
        try:
            wanted = distribution(name).requires or []
        except ModuleNotFoundError:  # for another platform or Python
            continue
        for line in wanted:
            requirement = Requirement(line)
            asked = canonicalize_name(requirement.name)
            holds = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if requirement.extras and holds and asked in pinned:
                assert requirement.extras <= pinned[asked], f"{name} asks for {line}"
