"""The pictures in docs/images: a throw-away service on the sample data, seen by a real browser.

`make screenshots` starts it on a throw-away PostgreSQL. CHROME_PATH names the browser, unless one
is found by its usual name.
"""

import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT: Final = Path(__file__).parents[1]
IMAGES: Final = ROOT / "docs" / "images"
#: All pictures together; they are in every clone.
BYTES_MAX: Final = 1_500_000
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: Calls that the pages show: one building after another, some with more known, one refused.
_FACTS: Final[list[dict[str, Any]]] = [
    {"primary_property_type": use, "gross_floor_area_sqft": area, "year_built": year, **more}
    for use, area, year, more in (
        ("Warehouse", 50_000, 1980, {}),
        ("Large Office", 412_000, 1985, {"neighborhood": "DOWNTOWN", "energy_star_score": 81}),
        ("K-12 School", 71_000, 1954, {"has_natural_gas": True, "has_steam": False}),
        ("Supermarket / Grocery Store", 46_500, 2003, {"number_of_floors": 1}),
        ("Medical Office", 88_000, 1998, {"neighborhood": "EAST"}),
        ("Hotel", 88_434, 1927, {"number_of_floors": 12, "neighborhood": "DOWNTOWN"}),
    )
]


def browser_path() -> str:
    found = os.environ.get("CHROME_PATH") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if not found:
        sys.exit("No Chromium was found: name one by CHROME_PATH.")
    return found


class Service:
    """gunicorn on the database that DATABASE_URL names, filled as a newcomer's is."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.password = secrets.token_urlsafe()
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "DJANGO_SUPERUSER_PASSWORD": self.password,
            "VAR_DIR": str(directory),
            "HOST": "127.0.0.1",
            "PORT": self.url.rpartition(":")[2],
            "WEB_CONCURRENCY": "1",
        }

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 -- our own commands
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout.strip()

    def set_up(self) -> None:
        self.manage("migrate", "--verbosity=0")
        self.manage("collectstatic", "--noinput", "--verbosity=0")
        self.manage("load_dataset", "--source", "sample")
        self.manage("register_shipped_model")
        self.manage("createsuperuser", "--noinput", "--username=admin", "--email=")
        self.token = self.manage("create_token", "energy-desk", "--quiet")

    @contextmanager
    def running(self) -> Iterator[None]:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
            cwd=ROOT,
            env=self.environment,
        )
        try:
            self._wait()
            yield
        finally:
            process.terminate()
            process.wait(30)

    def _wait(self) -> None:
        for _ in range(600):
            try:
                self.ask("/readyz")
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
            else:
                return
        sys.exit("The service did not become ready.")

    def ask(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 -- http, above
            f"{self.url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- http, above
            return json.load(answer)

    def asked(self) -> str:
        """Calls as a day brings them; the id of one that was explained."""
        api = "/api/v1/predictions/"
        for number in range(900001, 900013):
            self.ask(f"/api/v1/buildings/{number}/predictions/", {})
        self.ask(f"{api}batch/", {"rows": _FACTS})
        *_, last = [self.ask(api, facts)["id"] for facts in _FACTS]
        self.ask(f"{api}{last}/explanations/", {})
        self.ask(f"{api}{last}/outcomes/", {"data_year": 2024, "site_energy_use_kbtu": 7_200_000})
        return str(last)


def saved(page: Page, name: str) -> None:
    """As a palette of 256 colours: a third of the bytes, and no difference that is seen."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        IMAGES / f"{name}.png", optimize=True
    )


def take(service: Service, prediction: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(), args=["--no-sandbox", "--hide-scrollbars"]
        )
        for language, ending in (("en", ""), ("fr", ".fr")):
            page = browser.new_page(viewport={"width": 1440, "height": 900}, locale=language)
            _take_admin(page, service, prediction, ending)
            page.close()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{service.url}/api/v1/docs/#/predictions/predictions_create")
        operation = page.locator("#operations-predictions-predictions_create")
        operation.wait_for()
        operation.scroll_into_view_if_needed()
        saved(page, "swagger")
        browser.close()


def _take_admin(page: Page, service: Service, prediction: str, ending: str) -> None:
    page.goto(f"{service.url}/admin/")  # which leads to the sign-in, and back
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", service.password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/admin/")
    saved(page, f"admin-home{ending}")
    for name, path in (
        ("admin-list", "/admin/predictions/predictionrequest/"),
        ("admin-detail", f"/admin/predictions/predictioninput/{prediction}/change/"),
    ):
        answer = page.goto(f"{service.url}{path}")
        if answer is None or answer.status != 200:
            sys.exit(f"{path} answered {answer and answer.status}.")
        saved(page, f"{name}{ending}")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        service = Service(Path(directory))
        service.set_up()
        with service.running():
            take(service, service.asked())
    size = sum(picture.stat().st_size for picture in IMAGES.glob("*.png"))
    if size > BYTES_MAX:
        sys.exit(f"docs/images has {size:,} bytes; {BYTES_MAX:,} may be committed.")


if __name__ == "__main__":
    main()
