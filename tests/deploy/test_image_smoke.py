"""`make image-smoke` looks for secrets in the image before it starts it; the engine is played."""

import os
import subprocess
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from config.env import BASE_DIR

#: Answers what the image holds; whatever else it is asked fails, and so the script.
DOCKER = """#!/bin/sh
case "$1 $2" in
    "image inspect") printf '%s\\n' "PATH=/usr/bin" "GPG_KEY=public" "PORT=7860" $VARIABLES ;;
    "run --rm") printf '%s\\n' $FILES ;;
    *) echo "asked to $*" >&2; exit 9 ;;
esac
"""


def smoke(directory: Path, **image: str) -> CompletedProcess[str]:
    engine = directory / "docker"
    engine.write_text(DOCKER)
    engine.chmod(0o755)
    path = f"{directory}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", BASE_DIR / "deploy" / "image-smoke.sh"],
        env={"PATH": path, "VARIABLES": "", "FILES": "", **image},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("image", "named"),
    [
        ({"VARIABLES": "HF_TOKEN=planted-value"}, "HF_TOKEN"),
        ({"VARIABLES": "DATABASE_URL=postgres://app:planted-value@db/energy"}, "DATABASE_URL"),
        ({"VARIABLES": "DJANGO_SECRET_KEY_OLD=planted-value"}, "DJANGO_SECRET_KEY_OLD"),
        ({"FILES": "/app/.env"}, "/app/.env"),
        ({"FILES": "/app/config/tls.key"}, "/app/config/tls.key"),
    ],
)
def test_an_image_with_a_secret_is_not_even_started(
    tmp_path: Path, image: dict[str, str], named: str
) -> None:
    done = smoke(tmp_path, **image)
    assert done.returncode == 1
    assert done.stderr == f"the image holds secrets: {named}\n"


def test_an_image_without_is_started(tmp_path: Path) -> None:
    done = smoke(tmp_path)
    assert done.returncode == 9
    assert done.stderr.startswith("asked to network create futurisys-smoke-")
