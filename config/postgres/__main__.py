"""`python -m config.postgres COMMAND …`: run a command on a throw-away server (DATABASE_URL).

`make check` does, so that it neither needs nor touches the development database.
"""

import os
import subprocess
import sys
from collections.abc import Sequence

from config.postgres.sessions import orderly_exit, throw_away_postgres


def main(command: Sequence[str]) -> int:
    if not command:
        sys.stderr.write("usage: python -m config.postgres COMMAND [ARGUMENT ...]\n")
        return 2
    with orderly_exit(), throw_away_postgres() as url:
        environment = {**os.environ, "DATABASE_URL": url}
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 -- the caller's own command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
