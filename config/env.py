"""The environment, read in one place: settings import `env` and nothing else reads `os.environ`."""

from pathlib import Path
from typing import Final

from environs import Env

BASE_DIR: Final = Path(__file__).resolve().parent.parent
#: Everything the project makes as it runs (git-ignored).
VAR_DIR: Final = BASE_DIR / "var"

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)
