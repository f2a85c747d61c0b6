"""The site: every page is built, every link leads somewhere, nothing is asked of another host."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.env import BASE_DIR
from tests.docs.fences import PAGES
from tests.processes import untraced
from website.hooks import french_typography, tables_with_sentences

DIAGRAMS = BASE_DIR / "website" / "node_modules"
#: Where pages may lead to. They are not asked by any test; look at them when they are changed.
HOSTS = {
    "127.0.0.1:8000": "the service on the reader's machine",
    "creativecommons.org": "the sample's licence",
    "data.seattle.gov": "the data's publisher",
    "datatracker.ietf.org": "drafts and RFCs",
    "keepachangelog.com": "how changes are listed",
    "semver.org": "how versions are numbered",
    "www.conventionalcommits.org": "how commits are written",
}


class References(HTMLParser):
    """What a page loads, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(given.get("href", ""))
        elif tag in {"script", "img", "iframe", "source"}:
            self.loaded.append(given.get("src", ""))
        elif tag == "link":
            self.loaded.append(given.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it; the diagrams' script may be missing, as npm fetches it."""
    directory = tmp_path_factory.mktemp("site")
    strictly = ["--strict"] if DIAGRAMS.exists() else []
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", *strictly, "--site-dir", directory],
        cwd=BASE_DIR,
        env=untraced(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if line.startswith("WARNING")]
    assert all("node_modules" in line for line in warnings), warnings
    return directory


def references(page: Path) -> References:
    found = References()
    found.feed(page.read_text("utf-8"))
    return found


def test_every_page_of_docs_is_in_the_site(site: Path) -> None:
    for source in (BASE_DIR / "docs").rglob("*.md"):
        if source.name == "README.md" or "presentation" in source.parts:
            continue
        place = source.relative_to(BASE_DIR / "docs").with_suffix("")
        assert (site / place / "index.html").is_file(), place
    for page in ("", "fr", "project/readme", "project/changelog", "decisions"):
        assert (site / page / "index.html").is_file(), page


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        for loaded in references(page).loaded:
            assert not urlsplit(loaded).netloc, f"{page.relative_to(site)} loads {loaded}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", sheet.read_text("utf-8")), sheet


def test_links_to_other_hosts_are_known(site: Path) -> None:
    for page in site.rglob("*.html"):
        for link in references(page).links:
            host = urlsplit(link).netloc
            assert host == "" or host in HOSTS, f"{page.relative_to(site)} leads to {link}"


def test_diagrams_come_with_their_script_and_other_pages_without(site: Path) -> None:
    assert "assets/mermaid.js" in (site / "explanation/architecture/index.html").read_text("utf-8")
    assert "assets/mermaid.js" not in (site / "how-to/deploy/index.html").read_text("utf-8")


def test_french_pages_say_so(site: Path) -> None:
    for place in ("fr", "model-card.fr", "tutorials/demarrage.fr"):
        assert '<html lang="fr"' in (site / place / "index.html").read_text("utf-8")


def test_french_is_set_as_french_is_but_in_code() -> None:
    html = "<p title='a : b'>L'entrée : <code>a : 'b'</code> « oui » !</p>"
    assert french_typography(html) == (
        "<p title='a : b'>L’entrée\u00a0: <code>a : 'b'</code> «\u00a0oui\u00a0»\u00a0!</p>"
    )


def test_a_phone_can_show_a_row_with_a_sentence_as_a_list() -> None:
    head = "<thead><tr><th>setting</th><th>the <em>why</em></th></tr></thead>"
    sentence = "nothing is shared before the fork, <code>so that</code> a reload takes up all of it"
    figures = f"<table>{head}<tr><td>workers</td><td>2</td></tr></table>"
    assert tables_with_sentences(figures) == figures
    reasons = f"<table>{head}<tr><td>preload</td><td>{sentence}</td></tr></table>"
    assert tables_with_sentences(reasons + figures) == (
        f'<table data-stack>{head}<tr><td data-label="setting">preload</td>'
        f'<td data-label="the why">{sentence}</td></tr></table>{figures}'
    )


def test_links_out_of_docs_lead_to_pages_of_those_files(site: Path) -> None:
    links = references(site / "how-to/deploy/index.html").links
    assert "../../project/compose.yaml/" in links
    assert "services" in (site / "project/compose.yaml/index.html").read_text("utf-8")


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith("docs/")])
def test_links_of_pages_outside_docs_lead_to_files(page: str) -> None:
    text = (BASE_DIR / page).read_text("utf-8")
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)|src=\"([^\"]+)\"", text)
    assert targets or page == "fixtures/README.md"
    for target in ("".join(each) for each in targets):
        if not urlsplit(target).scheme:
            assert (BASE_DIR / page).parent.joinpath(target).exists(), f"{page}: {target}"
