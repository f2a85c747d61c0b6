"""`python -m config.probe`: is the server of this container ready? For its health check.

Asks `/readyz` on this machine by the first of the hosts served; exit code 0 when it is, else 1 with
one line of why.
"""

import json
import sys
import urllib.error
import urllib.request
from typing import Final

from config import variables

_TIMEOUT_S: Final = 3
#: Past any HTTP_PROXY: the server is on this machine.
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> int:
    host = next(iter(variables.ALLOWED_HOSTS.read()), "").lstrip(".*") or "localhost"
    lack = readiness(f"http://127.0.0.1:{variables.PORT.read()}", host=host)
    if lack:
        sys.stderr.write(f"not ready: {lack}\n")
    elif lack is None:
        sys.stderr.write("no answer\n")
    return 0 if lack == "" else 1


def readiness(url: str, *, host: str = "") -> str | None:
    """Ask `/readyz`, as `host` if that is not in the URL: "" if ready, the parts that are not, None
    without an answer."""
    request = urllib.request.Request(f"{url}/readyz", headers={"Host": host} if host else {})  # noqa: S310 -- of this machine
    try:
        with _DIRECT.open(request, timeout=_TIMEOUT_S):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            try:
                parts = dict(json.load(error))
            except (ValueError, TypeError):
                parts = {}
        missing = [name for name, state in parts.items() if state == "not ready"]
        return ", ".join(name for name in missing if name != "status") or f"HTTP {error.code}"
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(main())
