"""A model trained for other inputs is refused, and it is said what differs."""

from typing import Any

import pytest

from mlmodel.errors import SignatureMismatchError
from mlmodel.signature import check_signature, model_signature


def changed(change: str) -> dict[str, Any]:
    signature = model_signature()
    inputs = signature["inputs"]
    match change:
        case "lacks: year_built":
            inputs[:] = [column for column in inputs if column["name"] != "year_built"]
        case "adds: colour":
            inputs.append({"name": "colour", "type": "string", "required": False})
        case "changes: year_built":
            inputs[2]["type"] = "string"
        case "another order":
            inputs.reverse()
        case "outputs":
            signature["outputs"] = []
    return signature


def test_ones_own_is_accepted() -> None:
    check_signature(model_signature())


@pytest.mark.parametrize(
    "change",
    ["lacks: year_built", "adds: colour", "changes: year_built", "another order", "outputs"],
)
def test_another_is_refused(change: str) -> None:
    with pytest.raises(SignatureMismatchError, match=change):
        check_signature(changed(change))
    with pytest.raises(SignatureMismatchError):
        check_signature({})
