"""What a worker's process imports: every megabyte and second counts once a worker."""

import os
import subprocess
import sys

from django.conf import settings

#: Seconds and megabytes that only training, evaluation and the registry need.
HEAVY = ("mlflow", "pandas", "pyarrow", "scipy", "sklearn", "skops")

_APPLICATION = """
import config.wsgi
from django.urls import get_resolver
from predictions.services.serving import serving_get
get_resolver().url_patterns
"""
_MODEL = """
from mlmodel import registry
from mlmodel.runtime import ServedModel
manifest = registry.shipped_manifest()
model = ServedModel.load(registry.SHIPPED_DIR / "model", name="shipped", version=1,
    file_digests=manifest["file_digests"], signature=manifest["signature"])
facts = {"primary_property_type": "Hotel", "gross_floor_area_sqft": 9e4, "year_built": 1927}
assert model.predict([facts])[0].site_energy_use_kbtu > 0
"""


def heavy_imports(code: str) -> str:
    """Which of HEAVY a new process with production's settings has imported after this code."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}\nimport sys\nprint(*sorted({set(HEAVY)} & set(sys.modules)))",
        ],
        cwd=settings.PROJECT_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "SECRET_KEY": "a-long-enough-secret-key-for-a-process-that-serves-nobody-0123456789",
            "ALLOWED_HOSTS": "example.org",
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_check_sees_what_is_imported() -> None:
    assert heavy_imports("import pyarrow") == "pyarrow"


def test_the_application_imports_nothing_heavy() -> None:
    assert heavy_imports(_APPLICATION) == ""


def test_a_worker_that_serves_imports_nothing_heavy() -> None:
    assert heavy_imports(_APPLICATION + _MODEL) == ""
