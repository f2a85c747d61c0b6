"""`python -m deploy.space deploy|rollback --space OWNER/NAME …`: a Hugging Face Space that runs our
image.

A Space (Docker SDK) is a git repository. Ours holds two files: a README whose front matter names
port and title, and a Dockerfile of one line, `FROM image@digest`, so that what was tested is what
runs. Each deployment is a commit that names its release; a rollback goes back to the one before by
a commit of its own, so that the history tells both. Secrets (DATABASE_URL, SECRET_KEY, …) are the
Space's own settings and pass through none of this. Needs git and HF_TOKEN, which is given to git in
its environment: not on a command line, in no file, and not in the remote's URL.
"""

import argparse
import base64
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_SPACE = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/-]*@sha256:[0-9a-f]{64}")
_REMOTE = "https://huggingface.co/spaces/{space}"
_SUBJECT = "deploy: "
_BACK = "revert: to "

_README = """\
---
title: Futurisys Energy
emoji: ⚡
colorFrom: green
colorTo: blue
sdk: docker
app_port: 7860
pinned: false
license: mit
short_description: How much energy will this building use in a year?
---

The API of Futurisys Energy, release {release}: <https://{host}/api/v1/docs/>. This repository is
written by the pipeline; the code is elsewhere.
"""


class SpaceError(Exception):
    """Why nothing was deployed."""


class Space:
    """The Space's repository, cloned into a directory that is gone afterwards."""

    def __init__(self, remote: str, directory: Path, token: str = "") -> None:
        self.directory = directory
        self._environment = _git_environment(token)
        self._git("clone", "--quiet", remote, str(directory), cwd=directory.parent)

    def deploy(self, *, image: str, release: str, host: str) -> bool:
        """Let the Space run this image; False if it does already. Raises SpaceError."""
        if not _IMAGE.fullmatch(image):
            raise SpaceError("name the image by its digest: registry/name@sha256:…")
        self._write({"Dockerfile": f"FROM {image}\n", "README.md": self._readme(release, host)})
        return self._push(f"{_SUBJECT}{release}")

    def rollback(self) -> str:
        """Go back to what ran before the last deployment; its release. Raises SpaceError.

        That is the deployment before, unless it was taken back itself: then what it went back to.
        """
        log = self._git("log", "--first-parent", "--format=%H %s")
        commits = [line.split(" ", 1) for line in log.splitlines()]
        newest = commits[0][1]
        if newest.startswith(_BACK):
            raise SpaceError(f"it went back already, to {newest.removeprefix(_BACK)}")
        last = next((n for n, (_, said) in enumerate(commits) if said.startswith(_SUBJECT)), None)
        before = commits[last + 1 :] if last is not None else []
        for commit, said in before:
            for mark in (_SUBJECT, _BACK):
                if said.startswith(mark):
                    release = said.removeprefix(mark)
                    self._git("checkout", "--quiet", commit, "--", "Dockerfile", "README.md")
                    self._push(f"{_BACK}{release}")
                    return release
        raise SpaceError("there is no deployment before this one")

    def _readme(self, release: str, host: str) -> str:
        return _README.format(release=release, host=host)

    def _write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self.directory / name).write_text(text, encoding="utf-8")

    def _push(self, subject: str) -> bool:
        self._git("add", "--all")
        if not self._git("status", "--porcelain"):
            return False
        author = ("-c", "user.name=Futurisys CD", "-c", "user.email=cd@futurisys.invalid")
        self._git(*author, "commit", "--quiet", "-m", subject)
        self._git("push", "--quiet", "origin", "HEAD")
        return True

    def _git(self, *arguments: str, cwd: Path | None = None) -> str:
        done = subprocess.run(  # noqa: S603 -- fixed program, no shell
            ["git", *arguments],  # noqa: S607 -- whichever git is on the path
            cwd=cwd or self.directory,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SpaceError(f"git {arguments[0]}: {done.stderr.strip()[:300]}")
        return done.stdout.strip()


def _git_environment(token: str) -> dict[str, str]:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    environment.pop("HF_TOKEN", None)
    if token:
        basic = base64.b64encode(f"futurisys:{token}".encode()).decode()
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.https://huggingface.co/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }
    return environment


def host_of(space: str) -> str:
    """Where a Space serves: `owner-name.hf.space`."""
    return f"{re.sub(r'[/._]', '-', space).lower()}.hf.space"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.space", description=__doc__)
    parser.add_argument("what", choices=["deploy", "rollback", "host"])
    parser.add_argument("--space", required=True, help="OWNER/NAME")
    parser.add_argument("--image", default="", help="registry/name@sha256:…")
    parser.add_argument("--release", default="", help="what is deployed: v1.2.3, or a commit")
    options = parser.parse_args(arguments)
    if not _SPACE.fullmatch(options.space):
        parser.error("--space must be OWNER/NAME")
    if options.what == "deploy" and not (options.image and options.release):
        parser.error("name --image and --release")
    if options.what == "host":
        sys.stdout.write(f"https://{host_of(options.space)}\n")
        return 0
    try:
        with tempfile.TemporaryDirectory() as temporary:
            remote = _REMOTE.format(space=options.space)
            space = Space(remote, Path(temporary) / "space", os.environ.get("HF_TOKEN", ""))
            if options.what == "rollback":
                release = space.rollback()
                sys.stdout.write(f"release={release}\n")  # as a workflow wants it
                said = f"back to {release}"
            else:
                is_new = space.deploy(
                    image=options.image, release=options.release, host=host_of(options.space)
                )
                said = f"{options.release} {'deployed' if is_new else 'is deployed already'}"
    except SpaceError as error:
        sys.stderr.write(f"{options.space}: {error}\n")
        return 1
    sys.stderr.write(f"{options.space}: {said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
