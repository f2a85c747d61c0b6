"""What mkdocs.yml cannot say: files outside docs/ as pages, diagrams and ReDoc from this host.

A link of a page that leads out of docs/ works on GitHub as it is. In the site it leads to a page
made of that file, so that the site is whole without a repository's address. A link to a file that
is not there fails the build, as any other does.
"""

import logging
import posixpath
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import drf_spectacular_sidecar
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

log = logging.getLogger("mkdocs.website")

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = "docs"
#: Where a file outside docs/ stands in the site; others are below project/ by their own name.
PLACES: Final = {"README.md": "project/readme.md", "README.fr.md": "fr/index.md"}
#: Scripts that pages ask for, by their place in the site.
SCRIPTS: Final = {
    "assets/mermaid.js": ROOT / "website/node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js",
    "assets/redoc.js": Path(drf_spectacular_sidecar.__file__).parent
    / "static/drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js",
}
#: `](target)` and `]: target`, outside of code.
_LINK: Final = re.compile(r"(?P<before>\]\(|^\[[^\]]+\]:\s+)(?P<target>[^)\s]+)", re.MULTILINE)
_CODE: Final = re.compile(r"^(```+).*?^\1$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
#: What stands between tags; code and the tags themselves are set aside.
_TEXT: Final = re.compile(r"(?P<aside><(pre|code)\b.*?</\2>|<[^>]*>)|[^<]+", re.DOTALL)
#: Diagrams that a narrow page scrolls, in a frame of their own: shrunk to it nobody can read them.
_WIDE: Final = re.compile(
    r'<pre class="mermaid">(?=<code>(er|sequence|flowchart LR)).*?</pre>', re.DOTALL
)
_TABLE: Final = re.compile(r"<table>.*?</table>", re.DOTALL)
_HEADING: Final = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_ROW: Final = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_CELL: Final = re.compile(r"<td(?P<attributes>[^>]*)>(?P<text>.*?)</td>", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
#: From so many characters on a cell is a sentence, which a phone sets as a ribbon of single words.
_SENTENCE: Final = 60
_LANGUAGES: Final = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".sh": "sh", "": "sh"}


def site_path(path: str) -> str:
    """Where a file of the repository stands in the site."""
    if path.startswith(f"{DOCS}/"):
        return path.removeprefix(f"{DOCS}/")
    if path.endswith(".md"):
        return PLACES.get(path, f"project/{path.lower()}")
    return f"project/{path.lstrip('.')}.md"


def repository_path(page: str) -> str:
    """Which file of the repository a page of the site is made of."""
    outside = {site_path(path): path for path in _outside()}
    return outside.get(page, f"{DOCS}/{page}")


def links(text: str) -> list[str]:
    """Targets of a page's Markdown links, without those in code."""
    return [found["target"] for found in _LINK.finditer(_CODE.sub("", text))]


def target_path(source: str, target: str) -> str | None:
    """The file of the repository that a link leads to from another, or None for other links."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), parts.path))


def _outside() -> set[str]:
    """Files outside docs/ that pages lead to, directly or by way of one another."""
    found: set[str] = set()
    waiting = [
        *PLACES,
        *(path.relative_to(ROOT).as_posix() for path in (ROOT / DOCS).rglob("*.md")),
    ]
    while waiting:
        source = waiting.pop()
        if source in found:
            continue
        if not source.startswith(f"{DOCS}/"):
            found.add(source)
        if not source.endswith(".md"):
            continue
        for target in links((ROOT / source).read_text("utf-8")):
            path = target_path(source, target)
            if path and not path.startswith((DOCS, "..")) and (ROOT / path).is_file():
                waiting.append(path)
    return found


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for path in sorted(_outside()):
        text = (ROOT / path).read_text("utf-8")
        if not path.endswith(".md"):
            language = _LANGUAGES.get(Path(path).suffix, "text")
            text = f"# {path}\n\n```{language}\n{text.rstrip()}\n```\n"
        files.append(File.generated(config, site_path(path), content=text))
    for place, script in SCRIPTS.items():
        if not script.is_file():
            log.warning("%s is missing: `make docs` fetches it", script)
            continue
        files.append(File.generated(config, place, abs_src_path=str(script)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    source = repository_path(page.file.src_uri)
    if page.is_homepage:
        page.meta.update(template="home.html", hide=["navigation", "toc"])

    def rewritten(found: re.Match[str]) -> str:
        path = target_path(source, found["target"])
        if path is None or path.startswith(".."):
            return found[0]
        if (ROOT / path).is_dir():
            log.warning("%s: links to the directory %s; name a file", source, path)
        place = posixpath.relpath(site_path(path), posixpath.dirname(page.file.src_uri) or ".")
        fragment = urlsplit(found["target"]).fragment
        return f"{found['before']}{place}{'#' * bool(fragment)}{fragment}"

    code = [(match.start(), match.end()) for match in _CODE.finditer(markdown)]
    return _LINK.sub(
        lambda found: (
            found[0]
            if any(start <= found.start() < end for start, end in code)
            else rewritten(found)
        ),
        markdown,
    )


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """The diagrams' script where there are diagrams; French pages say that they are French."""
    root = posixpath.relpath(".", posixpath.dirname(page.file.dest_uri) or ".")
    if 'class="mermaid"' in output:
        script = f'<script src="{root}/assets/mermaid.js"></script>\n'
        output = re.sub(r"(?=<script src=\"[^\"]*bundle\.)", script, output, count=1)
    if is_french(page.file.src_uri):
        output = output.replace('<html lang="en"', '<html lang="fr"', 1)
        output = output.replace("Table of contents", "Sur cette page")
    return output


def is_french(page: str) -> bool:
    return page.endswith(".fr.md") or page.startswith("fr/")


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    if is_french(page.file.src_uri):
        html = french_typography(html)
    return tables_with_sentences(_WIDE.sub(r'<div class="wide \1">\g<0></div>', html))


def tables_with_sentences(html: str, *, characters: int = _SENTENCE) -> str:
    """Cells that know their column's heading, so that a phone can show a row as a list of them."""

    def stackable(found: re.Match[str]) -> str:
        table = found[0]
        if all(len(_TAG.sub("", cell["text"])) < characters for cell in _CELL.finditer(table)):
            return table
        labels = [
            _TAG.sub("", heading).replace('"', "&quot;") for heading in _HEADING.findall(table)
        ]
        table = _ROW.sub(lambda row: labelled(row[0], labels), table)
        return table.replace("<table>", "<table data-stack>", 1)

    def labelled(row: str, labels: list[str]) -> str:
        left = iter(labels)
        return _CELL.sub(
            lambda cell: (
                f'<td data-label="{next(left, "")}"{cell["attributes"]}>{cell["text"]}</td>'
            ),
            row,
        )

    return _TABLE.sub(stackable, html)


def french_typography(html: str) -> str:
    """Spaces before `;:?!%»` and after `«` that end no line, and curly apostrophes, but in code."""

    def set_well(found: re.Match[str]) -> str:
        if found["aside"]:
            return found[0]
        text = re.sub(r"(?<=\S) (?=[;:?!%»])|(?<=«) ", "\u00a0", found[0])
        return re.sub(r"(?<=\w)'(?=\w)", "’", text)

    return _TEXT.sub(set_well, html)
