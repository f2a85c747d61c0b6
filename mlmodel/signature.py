"""The model's signature: what goes in and what comes out, made from FEATURES.

The layout is MLflow's (`ModelSignature.to_dict()`, columns as JSON-able dicts). MLflow refuses None
for `long` and `boolean` columns, so every number and every yes/no is a `double`.
"""

from collections.abc import Mapping
from typing import Any, Final

from mlmodel.errors import SignatureMismatchError
from mlmodel.features import FEATURES

OUTPUT_NAMES: Final = ("electricity_kbtu", "natural_gas_kbtu", "steam_kbtu")


def model_signature() -> dict[str, Any]:
    """`{"inputs": [...], "outputs": [...]}`, one column a feature in the order of FEATURES."""
    inputs = [
        {
            "name": feature.name,
            "type": "string" if feature.kind == "category" else "double",
            "required": feature.is_required,
        }
        for feature in FEATURES
    ]
    return {
        "inputs": inputs,
        "outputs": [{"name": name, "type": "double", "required": True} for name in OUTPUT_NAMES],
    }


def check_signature(signature: Mapping[str, Any]) -> None:
    """Raise SignatureMismatchError, saying what differs, unless this is the signature of this
    code."""
    expected = model_signature()
    for side, columns in expected.items():
        theirs = {column["name"]: column for column in signature.get(side, ())}
        ours = {column["name"]: column for column in columns}
        missing, added = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
        changed = {name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]}
        differences = [
            f"{what}: {', '.join(sorted(names))}"
            for what, names in (("lacks", missing), ("adds", added), ("changes", changed))
            if names
        ]
        if not differences and list(theirs) != list(ours):
            differences = ["has another order"]
        if differences:
            raise SignatureMismatchError(
                f"The model's {side} differ from this code's: it {'; '.join(differences)}. "
                "Train a new version with this code."
            )
