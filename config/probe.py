"""`python -m config.probe`: is the server of this container ready? For its health check.

Asks `/readyz` on this machine by the first of the hosts served; exit code 0 when it is, else 1 with
one line of why.
"""

import json
import sys
import urllib.error
import urllib.request

from config.env import env

_TIMEOUT_S = 4
# A proxy of the environment is for other machines.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> int:
    host = env.str("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".*") or "localhost"
    request = urllib.request.Request(
        f"http://127.0.0.1:{env.int('PORT', 8000)}/readyz", headers={"Host": host}
    )
    try:
        with _DIRECT.open(request, timeout=_TIMEOUT_S) as answer:
            return 0 if answer.status == 200 else 1
    except urllib.error.HTTPError as error:
        with error:
            sys.stderr.write(f"not ready: {_parts(error)}\n")
    except OSError as error:
        sys.stderr.write(f"no answer: {error}\n")
    return 1


def _parts(error: urllib.error.HTTPError) -> str:
    try:
        parts = dict(json.load(error))
    except (ValueError, TypeError):
        return f"HTTP {error.code}"
    lacking = [name for name, state in parts.items() if name != "status" and state == "not ready"]
    return ", ".join(lacking) or f"HTTP {error.code}"


if __name__ == "__main__":
    sys.exit(main())
