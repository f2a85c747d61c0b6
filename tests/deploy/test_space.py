"""A Space's repository, deployed to and rolled back: with a real git, beside this process."""

import subprocess
from pathlib import Path

import pytest

from deploy import space
from deploy.space import Space, SpaceError, host_of

IMAGES = [f"ghcr.io/example/futurisys-energy@sha256:{digit * 64}" for digit in "123"]


def git(*arguments: str, cwd: Path) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=cwd, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    bare = tmp_path / "remote.git"
    git("init", "--quiet", "--bare", "--initial-branch=main", str(bare), cwd=tmp_path)
    seed = tmp_path / "seed"
    git("clone", "--quiet", str(bare), str(seed), cwd=tmp_path)
    git("switch", "--quiet", "--create", "main", cwd=seed)
    (seed / "README.md").write_text("made by the Space\n")
    git("add", ".", cwd=seed)
    git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "initial", cwd=seed)
    git("push", "--quiet", "origin", "main", cwd=seed)
    return bare


def clone(remote: Path, name: str) -> Space:
    return Space(str(remote), remote.parent / name)


def shown(remote: Path, file: str) -> str:
    return git("show", f"main:{file}", cwd=remote)


def deploy(remote: Path, release: str, image: str) -> bool:
    return clone(remote, f"clone-{release}-{image[-1]}").deploy(
        image=image, release=release, host="h"
    )


def test_an_image_without_digest_is_refused(remote: Path) -> None:
    for image in ("", "ghcr.io/example/app:latest", "x@sha256:12", f"{IMAGES[0]}\nRUN id"):
        with pytest.raises(SpaceError, match="digest"):
            clone(remote, f"c{len(image)}").deploy(image=image, release="v1", host="h")
    assert git("log", "--format=%s", "main", cwd=remote) == "initial"


def test_without_a_former_deployment_there_is_no_way_back(remote: Path) -> None:
    with pytest.raises(SpaceError, match="no deployment before"):
        clone(remote, "a").rollback()
    deploy(remote, "v1", IMAGES[0])
    with pytest.raises(SpaceError, match="no deployment before"):
        clone(remote, "b").rollback()
    assert shown(remote, "Dockerfile") == f"FROM {IMAGES[0]}"


def test_a_repository_that_is_not_there_is_said_without_the_token(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="git clone") as caught:
        Space(str(tmp_path / "nowhere"), tmp_path / "c", "hf_secret")
    assert "hf_secret" not in str(caught.value)


def test_deployed_and_rolled_back(remote: Path) -> None:
    assert deploy(remote, "v1", IMAGES[0])
    assert deploy(remote, "v2", IMAGES[1])
    again = clone(remote, "again").deploy(image=IMAGES[1], release="v2", host="h")
    assert not again
    assert shown(remote, "Dockerfile") == f"FROM {IMAGES[1]}"
    assert "sdk: docker\napp_port: 7860\n" in shown(remote, "README.md")
    assert clone(remote, "back").rollback() == "v1"
    assert shown(remote, "Dockerfile") == f"FROM {IMAGES[0]}"
    subjects = git("log", "--format=%s", "main", cwd=remote).splitlines()
    assert subjects == ["revert: to v1", "deploy: v2", "deploy: v1", "initial"]


def test_it_goes_back_to_what_ran_and_not_to_what_was_taken_back(remote: Path) -> None:
    deploy(remote, "v1", IMAGES[0])
    deploy(remote, "v2", IMAGES[1])
    assert clone(remote, "back-from-v2").rollback() == "v1"
    deploy(remote, "v3", IMAGES[2])
    assert clone(remote, "back-from-v3").rollback() == "v1"
    assert shown(remote, "Dockerfile") == f"FROM {IMAGES[0]}"
    assert "release v1:" in shown(remote, "README.md")


def test_going_back_twice_is_refused_and_changes_nothing(remote: Path) -> None:
    deploy(remote, "v1", IMAGES[0])
    deploy(remote, "v2", IMAGES[1])
    clone(remote, "once").rollback()
    with pytest.raises(SpaceError, match="back already, to v1"):
        clone(remote, "twice").rollback()
    assert shown(remote, "Dockerfile") == f"FROM {IMAGES[0]}"


def test_what_is_taken_back_can_be_deployed_again(remote: Path) -> None:
    deploy(remote, "v1", IMAGES[0])
    deploy(remote, "v2", IMAGES[1])
    clone(remote, "back").rollback()
    assert clone(remote, "again").deploy(image=IMAGES[1], release="v2", host="h")
    assert shown(remote, "Dockerfile") == f"FROM {IMAGES[1]}"


def test_the_token_is_in_gits_environment_only() -> None:
    environment = space._git_environment("hf_secret")
    assert environment["GIT_CONFIG_KEY_0"] == "http.https://huggingface.co/.extraHeader"
    assert "hf_secret" not in " ".join(environment.values())  # base64 there, and nowhere else
    assert "GIT_CONFIG_COUNT" not in space._git_environment("")


def test_where_a_space_serves() -> None:
    assert host_of("Futurisys/Energy_api.v1") == "futurisys-energy-api-v1.hf.space"


def test_the_pipeline_is_told_which_release_is_back(
    remote: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(space, "_REMOTE", f"{remote.parent}/{{space}}.git")
    (remote.parent / "owner").mkdir()
    remote.rename(remote.parent / "owner" / "name.git")
    for release, image in (("v1", IMAGES[0]), ("v2", IMAGES[1])):
        asked = ["deploy", "--space", "owner/name", "--image", image, "--release", release]
        assert space.main(asked) == 0
    capsys.readouterr()
    assert space.main(["rollback", "--space", "owner/name"]) == 0
    assert capsys.readouterr() == ("release=v1\n", "owner/name: back to v1\n")
    assert space.main(["rollback", "--space", "owner/name"]) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["deploy", "--space", "a/b"],
        ["deploy", "--space", "a/b", "--image", IMAGES[0]],
        ["host", "--space", "../../etc"],
        ["host", "--space", "https://evil.example/a"],
    ],
)
def test_arguments_are_checked(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        space.main(arguments)
