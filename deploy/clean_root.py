"""Builds and runs Paperboy's image without a container engine: each stage of the Dockerfile in a clean Debian.

As root, in the project's folder, on a Debian with debootstrap:

    python3 -m deploy.clean_root build FOLDER [SEMANTIC=yes]
    python3 -m deploy.clean_root run FOLDER [COMMAND …]

`run` does what an engine would: a read-only root, the volume in FOLDER/data, the image's user and settings. It passes
on `DISCORD_TOKEN` and variables that begin with `PAPERBOY_`. The command `healthcheck` is the image's own check.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from string import Template

from deploy.dockerfile import Instruction, read_dockerfile

DEBIAN = "trixie"  # as in the name of the images that the Dockerfile begins with
PACKAGES = "ca-certificates,python3,python3-venv"  # what these images add to Debian
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BORROWED = ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt")  # while packages are installed
PASSED_ON = re.compile(r"PAPERBOY_|DISCORD_TOKEN$|HF_TOKEN$")


@dataclass
class Image:
    """What a stage has made: its root, and how its program is started."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    workdir: str = "/"
    user: str = "0:0"
    program: dict[str, list[str]] = field(default_factory=dict)  # ENTRYPOINT, CMD and HEALTHCHECK


class Builder:
    """Runs the stages one after the other. `given` are build arguments."""

    def __init__(self, folder: Path, context: Path, given: dict[str, str]) -> None:
        self._folder, self._context, self._given = folder, context, given
        self._stages: dict[str, Image] = {}
        self._args: dict[str, str] = {}

    def build(self) -> Image:
        base = self._folder / "base"
        if not base.exists():
            run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", DEBIAN, str(base))
        for number, stage in enumerate(read_dockerfile(self._context / "Dockerfile")):
            root = self._folder / f"stage-{number}"
            shutil.rmtree(root, ignore_errors=True)
            run("cp", "--archive", "--reflink=auto", str(base), str(root))
            image, self._args = Image(root), {}
            self._stages[stage.name] = image
            for each in stage.instructions:
                print(f"stage {number}: {each.name} {each.value}", flush=True)
                self._do(image, each)
        return image

    def _do(self, image: Image, step: Instruction) -> None:
        match step.name:
            case "COPY":
                self._copy(image, step)
            case "RUN":
                self._run(image, step.value)
            case "ARG":
                name, _, default = step.value.partition("=")
                self._args[name] = self._given.get(name, default)
            case "LABEL" | "VOLUME":  # nothing is done in the root; `run_image` mounts the volume
                pass
            case _:
                _change(image, step)

    def _copy(self, image: Image, step: Instruction) -> None:
        *sources, target = step.value.split()
        source_root = self._stages[step.flags["from"]].root if "from" in step.flags else self._context
        place = find_place(image, target)
        for source in (source_root / each.lstrip("/") for each in sources):
            to = place / source.name if target.endswith("/") else place
            to.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, to, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source, to)

    def _run(self, image: Image, command: str) -> None:
        borrowed = {Path(each): image.root / each.lstrip("/") for each in BORROWED if Path(each).exists()}
        own = {place: place.read_bytes() for place in borrowed.values() if place.exists()}
        for here, there in borrowed.items():
            there.write_bytes(here.read_bytes())
        command = f"cd {shlex.quote(image.workdir)} && {command}"
        run("chroot", str(image.root), "/bin/sh", "-ec", command, env=image.env | self._args)
        for there in borrowed.values():
            there.write_bytes(own.get(there, b""))


def _change(image: Image, step: Instruction) -> None:
    """Note what the image says about how its program is started."""
    match step.name:
        case "ENV":
            for name, value in (each.split("=", 1) for each in shlex.split(step.value)):
                image.env[name] = Template(value).substitute(image.env)
        case "WORKDIR":
            image.workdir = step.value
            find_place(image, step.value).mkdir(parents=True, exist_ok=True)
        case "USER":
            image.user = step.value
        case "ENTRYPOINT" | "CMD" | "HEALTHCHECK":
            image.program[step.name] = json.loads(step.value.removeprefix("CMD "))
        case _:
            raise ValueError(f"this can't be done without an engine: {step.name}")


def find_place(image: Image, path: str) -> Path:
    """Where a path of the image is on this machine."""
    return image.root / (Path(image.workdir) / path).as_posix().lstrip("/")


def run(*command: str, env: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, env=env)


_START = """
mount --bind "$ROOT" "$ROOT"
mount --bind "$DATA" "$ROOT/data"
mount --bind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
mount -t tmpfs tmpfs "$ROOT/tmp"
if [ -e /etc/resolv.conf ]; then mount --bind /etc/resolv.conf "$ROOT/etc/resolv.conf"; fi
mount -o remount,bind,ro "$ROOT"
exec chroot --userspec="$AS" "$ROOT" /bin/sh -c 'cd "$0" && unset ROOT DATA AS && exec "$@"' "$0" "$@"
"""


def run_image(folder: Path, command: list[str]) -> int:
    """Run the image's program, or its health check if the command is `healthcheck`; gives its exit code."""
    image = Image(**json.loads((folder / "image.json").read_text(encoding="utf-8")))
    data = folder / "data"
    if not data.exists():
        run("cp", "--archive", f"{image.root}/data", str(data))  # a new volume begins as the image has the folder
    if command == ["healthcheck"]:
        program = image.program["HEALTHCHECK"]
    else:
        program = image.program["ENTRYPOINT"] + (command or image.program["CMD"])
    passed_on = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
    start = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", _START]
    env = image.env | passed_on | {"ROOT": str(image.root), "DATA": str(data), "AS": image.user}
    return subprocess.run([*start, image.workdir, *program], env=env, check=False).returncode


def main(what: str, folder: Path, rest: list[str]) -> int:
    if what == "run":
        return run_image(folder, rest)
    folder.mkdir(parents=True, exist_ok=True)
    image = Builder(folder, Path(__file__).parents[1], dict(each.split("=", 1) for each in rest)).build()
    (folder / "image.json").write_text(json.dumps(asdict(image), default=str), encoding="utf-8")
    return 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["build" | "run" as what, folder, *rest]:
            sys.exit(main(what, Path(folder).resolve(), rest))
        case _:
            sys.exit(__doc__)
