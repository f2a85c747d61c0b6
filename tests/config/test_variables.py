"""The list of the environment's variables: nothing else is read, and what is said of them holds."""

import ast
import re
from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import BASE_DIR
from config.roles.matrix import ROLES
from config.variables import VARIABLES, strong
from config.variables.declared import MAKE_SECRET, Section
from config.variables.pages import env_example, settings_page

NAMES = {variable.name for variable in VARIABLES}
APPS = ("config", "predictions", "mlmodel", "buildings")
CODE = [BASE_DIR / "manage.py", *(path for app in APPS for path in (BASE_DIR / app).rglob("*.py"))]
#: Read where they are of the system and not of the project, or computed from such.
SYSTEMS = {"PATH"}
COMPUTED = {BASE_DIR / "config" / "postgres" / "account.py"}


def is_environ(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"


def reads(tree: ast.AST) -> Iterator[str]:
    """Names read from os.environ past the list; "?" for one that is computed."""
    for node in ast.walk(tree):
        name: ast.expr | None = None
        if isinstance(node, ast.Subscript) and is_environ(node.value):
            name = node.slice if isinstance(node.ctx, ast.Load) else None
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_get = node.func.attr in {"get", "pop"} and is_environ(node.func.value)
            name = node.args[0] if is_get or node.func.attr == "getenv" else None
        if name is not None:
            yield str(name.value) if isinstance(name, ast.Constant) else "?"


@pytest.mark.parametrize(
    "code", ["os.environ['X']", "os.environ.get('X', 1)", "environ.get", "os.getenv('X')"]
)
def test_a_read_past_the_list_is_found(code: str) -> None:
    assert list(reads(ast.parse(code))) == ([] if code == "environ.get" else ["X"])


def test_what_is_read_is_listed() -> None:
    readers = []
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        if path.parent != BASE_DIR / "config" / "variables":
            assert "environs" not in text, path
            found = set(reads(ast.parse(text))) - SYSTEMS - ({"?"} if path in COMPUTED else set())
            assert not found, f"{path}: read these by config.variables: {found}"
        readers.append(text)
    everything = "\n".join(readers)
    for variable in VARIABLES:
        by_name = rf"variables\.{variable.name}\b"
        of_a_family = re.search(r"^(DATABASE|BATCH)_\w+_(PASSWORD|BYTES_MAX)$", variable.name)
        is_read = re.search(by_name, everything) or of_a_family
        assert bool(is_read) != bool(variable.read_by), f"{variable.name}: read, or by whom?"


def test_programs_beside_the_project_read_what_is_listed_too() -> None:
    for script in ("smoke", "space"):
        text = (BASE_DIR / "deploy" / f"{script}.py").read_text(encoding="utf-8")
        assert set(reads(ast.parse(text))) <= NAMES
    assert {role.variable for role in ROLES.values()} <= NAMES


def test_each_is_declared_once_and_said_in_full() -> None:
    assert len(NAMES) == len(VARIABLES)
    for variable in VARIABLES:
        assert re.fullmatch(r"[A-Z][A-Z0-9_]+", variable.name)
        assert variable.about.endswith(".")
        assert not variable.needed or variable.how, f"{variable.name}: how is it made?"
        if re.search(r"SECRET|PASSWORD|(?<!PER_)TOKEN$|DATABASE_URL|_URI$|DSN", variable.name):
            assert variable.is_secret, variable.name


def test_the_pages_have_each_variable_and_no_secret() -> None:
    example, page = env_example(), settings_page()
    for variable in VARIABLES:
        (value,) = re.findall(rf"^#{variable.name}=(.*)$", example, re.MULTILINE)
        assert not variable.is_secret or value == variable.example
        assert f"| `{variable.name}`" in page
    assert f"# Make one with: {MAKE_SECRET}\n#SECRET_KEY=\n" in example


# -- reading --------------------------------------------------------------------------------------

SECTION = Section("of the tests")
TEXT = SECTION.text("OPS_TEXT", "A text.", default="usual")
NUMBER = SECTION.integer("OPS_NUMBER", "A number.", default=7, least=2, most=9)
WORD = SECTION.text("OPS_WORD", "A word.", pattern="loud|low", right="loud or low")
SWITCH = SECTION.switch("OPS_SWITCH", "On or off.", default=True)
LIST = SECTION.names("OPS_LIST", "A list.")
SECRET = SECTION.text("OPS_SECRET", "A secret.", how="Make it so.", is_secret=True)
NONE = SECTION.integer("OPS_NONE", "Its reader has the default.", default=None)


def test_an_empty_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in SECTION.variables:
        monkeypatch.setenv(variable.name, "")
    assert (TEXT.read(), NUMBER.read(), SWITCH.read(), LIST.read()) == ("usual", 7, True, [])
    assert (TEXT.read("other"), NONE.read(3)) == ("other", 3)
    with pytest.raises(ImproperlyConfigured, match=r"OPS_NONE is not set\. Its reader"):
        NONE.read()
    with pytest.raises(ImproperlyConfigured, match=r"OPS_SECRET is not set\. Make it so"):
        SECRET.required()


def test_a_list_of_nothing_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_LIST", " , ")
    with pytest.raises(ImproperlyConfigured, match=r"OPS_LIST is not set"):
        LIST.required()


def test_a_value_has_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TEXT", "unusual")
    monkeypatch.setenv("OPS_NUMBER", "8")
    monkeypatch.setenv("OPS_SWITCH", "off")
    monkeypatch.setenv("OPS_LIST", " a, b ,")
    assert (TEXT.read(), NUMBER.read(), SWITCH.read(), LIST.required()) == (
        *("unusual", 8, False),
        ["a", "b"],
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("OPS_NUMBER", "many-things", "OPS_NUMBER must be a whole number."),
        ("OPS_NUMBER", "1", "OPS_NUMBER must be 2 or more."),
        ("OPS_NUMBER", "10", "OPS_NUMBER must be 9 or less."),
        ("OPS_SWITCH", "perhaps-not", "OPS_SWITCH must be true or false."),
        ("OPS_WORD", "loudest", "OPS_WORD must be loud or low."),
    ],
)
def test_a_wrong_value_is_told_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    (variable,) = (each for each in SECTION.variables if each.name == name)
    with pytest.raises(ImproperlyConfigured) as caught:
        variable.read()
    assert str(caught.value) == sentence


@pytest.mark.parametrize("weak", ["short", "ab" * 40, "change-me-0123456789-abcdefghijklmnopqr"])
def test_a_weak_secret_is_refused_and_not_said(weak: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"OPS_SECRET is weak.*Make it so") as caught:
        strong(SECRET, weak)
    assert weak not in str(caught.value)
    assert strong(SECRET, "Zq3vN8xK1mB7tR5wY2cF9hJ4pL6sD0gA") == "Zq3vN8xK1mB7tR5wY2cF9hJ4pL6sD0gA"


def test_compose_and_the_image_set_what_is_listed() -> None:
    import yaml

    own = {"POSTGRES_PASSWORD", "PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "HOME"} | {
        *("PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_CACHE_DIR", "PIP_ROOT_USER_ACTION"),
    }
    compose = yaml.safe_load((BASE_DIR / "compose.yaml").read_text(encoding="utf-8"))
    for service in compose["services"].values():
        assert set(service.get("environment", {})) <= NAMES | own
    dockerfile = (BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    blocks = re.findall(r"^ENV (?:.*\\\n)*.*", dockerfile, re.MULTILINE)
    set_there = set(re.findall(r"\b([A-Z_]+)=", "".join(blocks)))
    assert {"VAR_DIR", "PORT"} <= set_there <= NAMES | own
