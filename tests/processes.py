"""Programs that tests start."""

import os


def untraced() -> dict[str, str]:
    """Our environment, but that no coverage is measured: where other tests trace the same code."""
    return {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE_")}
