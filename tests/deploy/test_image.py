"""The image: safe to run, built from what was tested, and the same with and without a container engine."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.settings import BotSettings
from bot.share import WHOLE, Share, parse_shards
from deploy.clean_root import Builder, Image
from deploy.dockerfile import Instruction, Stage, read_dockerfile
from tests.support.paths import ROOT

DOCKERFILE = ROOT / "Dockerfile"
GUIDE = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
COMPOSED = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["paperboy"]
SCALED = yaml.safe_load((ROOT / "compose.scale.yaml").read_text(encoding="utf-8"))
SCALED_BOTS = {name: each for name, each in SCALED["services"].items() if name != "postgres"}


def read_stages() -> tuple[Stage, Stage]:
    build, last = read_dockerfile(DOCKERFILE)
    return build, last


def list_values(stage: Stage, name: str) -> list[str]:
    return [each.value for each in stage.instructions if each.name == name]


def test_the_bot_runs_without_rights_and_as_the_first_process() -> None:
    _, last = read_stages()
    names = [each.name for each in last.instructions]
    assert list_values(last, "USER") == ["10001:10001"]
    assert set(names[names.index("USER") :]) <= {"USER", "WORKDIR", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert json.loads(*list_values(last, "ENTRYPOINT")) == ["paperboy"]
    assert json.loads(*list_values(last, "CMD")) == ["run"]


def test_the_last_stage_has_no_tools_to_build_with_and_no_source() -> None:
    build, last = read_stages()
    assert not [each for each in list_values(last, "RUN") if re.search(r"\b(pip|apt|apt-get|curl|git)\b", each)]
    (copied,) = [each for each in last.instructions if each.name == "COPY"]
    assert (copied.flags, copied.value) == ({"from": build.name}, "/opt/paperboy /opt/paperboy")
    assert "venv --without-pip /opt/paperboy" in "".join(list_values(build, "RUN"))


def test_both_stages_have_the_same_python_which_is_one_that_is_tested() -> None:
    build, last = read_stages()
    assert build.base == last.base
    version = re.fullmatch(r"python:(3\.\d+)-slim-[a-z]+", last.base)
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert version
    assert version[1] in workflow["jobs"]["test"]["strategy"]["matrix"]["python"]


def test_everything_that_is_installed_is_pinned_by_hash() -> None:
    build, _ = read_stages()
    installs = re.findall(r"pip [^&]*?install ([^&]+)", "".join(list_values(build, "RUN")))
    assert len(installs) == 3
    for each in installs:
        assert "--require-hashes" in each or "--no-deps" in each, each


def test_the_image_knows_whether_the_bot_is_well() -> None:
    _, last = read_stages()
    (check,) = [each for each in last.instructions if each.name == "HEALTHCHECK"]
    assert json.loads(check.value.removeprefix("CMD ")) == ["paperboy", "health"]
    settings = dict(each.split("=", 1) for each in " ".join(list_values(last, "ENV")).split())
    known = {str(field.validation_alias) for field in BotSettings.model_fields.values()}
    assert {each for each in settings if each.startswith("PAPERBOY_")} <= known
    assert settings["PAPERBOY_HTTP_PORT"] in GUIDE


def test_the_builder_gets_what_it_copies_and_nothing_that_is_secret_or_large() -> None:
    build, _ = read_stages()
    copied = {source for each in list_values(build, "COPY") for source in each.split()[:-1]}
    everything, *lines = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert everything == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied
    assert all((ROOT / each).exists() for each in copied)


def test_hadolint_finds_nothing() -> None:
    if not shutil.which("hadolint"):
        pytest.skip("hadolint is not installed")
    done = subprocess.run(["hadolint", str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_compose_builds_and_confines_the_bot_as_the_guide_says() -> None:
    build, last = read_stages()
    assert list_values(build, "ARG") == ["SEMANTIC=no", "POSTGRES=no"]
    assert COMPOSED["build"]["args"] == {"SEMANTIC": "no"}
    flags = " ".join(re.findall(r"docker run --detach (.*?)\n```", GUIDE, re.DOTALL)[0].replace("\\\n", "").split())
    assert flags == " ".join(
        (
            f"--name paperboy --restart {COMPOSED['restart']} --init --read-only --tmpfs {COMPOSED['tmpfs'][0]}",
            f"--cap-drop {COMPOSED['cap_drop'][0]} --security-opt {COMPOSED['security_opt'][0].removesuffix(':true')}",
            f"--memory {COMPOSED['mem_limit']} --pids-limit {COMPOSED['pids_limit']}",
            "--volume paperboy:/data paperboy",
        )
    )
    assert (COMPOSED["init"], COMPOSED["read_only"]) == (True, True)
    assert COMPOSED["volumes"] == [f"data:{list_values(last, 'VOLUME')[0]}"]


def test_in_several_processes_each_is_confined_as_one_is() -> None:
    differing = {"image", "build", "mem_limit", "volumes", "environment", "depends_on", "networks"}
    alone = {name: value for name, value in COMPOSED.items() if name not in differing}
    assert len(SCALED_BOTS) == 3
    for name, each in SCALED_BOTS.items():
        assert {option: value for option, value in each.items() if option not in differing} == alone, name
        assert each["build"]["args"] == {"SEMANTIC": "no", "POSTGRES": "yes"}
        assert each["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_the_processes_have_all_shards_between_them_and_no_folder_in_common() -> None:
    shares = [parse_shards(each["environment"]["PAPERBOY_SHARDS"]) for each in SCALED_BOTS.values()]
    shards = [shard for share in shares for shard in share.shards]
    assert len(shards) == len(set(shards))
    assert Share(frozenset(shards), shares[0].count).is_whole
    assert shares[0] != WHOLE
    assert {each.count for each in shares} == {shares[0].count}
    folders = [volume for each in SCALED_BOTS.values() for volume in each["volumes"]]
    assert all(each.endswith(":/data") for each in folders)
    assert len(set(folders)) == len(SCALED_BOTS)
    assert {each.partition(":")[0] for each in folders} <= set(SCALED["volumes"])


def test_the_password_of_the_database_is_in_no_file_and_only_the_processes_reach_it() -> None:
    postgres = SCALED["services"]["postgres"]
    for each in SCALED_BOTS.values():
        address = each["environment"]["PAPERBOY_DATABASE"]
        assert re.fullmatch(r"postgresql://paperboy:\$\{DATABASE_PASSWORD:\?[^}]+\}@postgres/paperboy", address)
        assert each["networks"] == ["default", "database"]
    assert set(postgres["environment"].values()) == {"${DATABASE_PASSWORD}"}
    assert (postgres["networks"], SCALED["networks"]["database"]["internal"]) == (["database"], True)
    assert "ports" not in postgres
    assert postgres["volumes"][0] == "database:/var/lib/postgresql"  # where the image keeps its data from 18 on
    assert postgres["image"] == "postgres:18"
    script = (ROOT / "deploy" / "postgres.sql").read_text(encoding="utf-8")
    assert "./deploy/postgres.sql:/docker-entrypoint-initdb.d/paperboy.sql:ro" in postgres["volumes"]
    assert set(re.findall(r"^\\getenv \w+ (\w+)$", script, re.MULTILINE)) <= postgres["environment"].keys()


@pytest.mark.parametrize(
    ("semantic", "with_postgres", "locks"),
    [
        ("no", "no", ["run"]),
        ("yes", "no", ["semantic"]),
        ("no", "yes", ["postgres"]),
        ("yes", "yes", ["semantic", "postgres"]),
        ("models", "no", ["models"]),
        ("models", "yes", ["models", "postgres"]),
        ("multilingual", "no", ["multilingual"]),
        ("multilingual", "yes", ["multilingual", "postgres"]),
        ("no", "maybe", None),
        ("", "no", None),
    ],
)
def test_what_is_installed_follows_the_build_arguments(
    semantic: str, with_postgres: str, locks: list[str] | None
) -> None:
    build, _ = read_stages()
    choosing, _, _ = list_values(build, "RUN")[0].partition(" && ")
    done = subprocess.run(
        ["sh", "-c", f'{choosing} && echo "$@"'],
        env={"SEMANTIC": semantic, "POSTGRES": with_postgres},
        capture_output=True,
        text=True,
        check=False,
    )
    said = None if locks is None else " ".join(f"--requirement requirements/{each}.txt" for each in locks)
    assert (done.stdout.strip() or None, done.returncode == 0) == (said, locks is not None)
    assert ("SEMANTIC is no, yes, models or multilingual; POSTGRES is yes or no." in done.stderr) is (locks is None)


@pytest.mark.parametrize("semantic", ["semantic", "models", "multilingual"])
def test_the_lock_files_agree_so_that_both_extras_can_be_installed_together(semantic: str) -> None:
    pinned = {
        name: dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))
        for name in ("run", semantic, "postgres")
    }
    assert pinned["run"].items() <= pinned[semantic].items() & pinned["postgres"].items()
    both = pinned[semantic].keys() & pinned["postgres"].keys()
    assert {each: pinned[semantic][each] for each in both} == {each: pinned["postgres"][each] for each in both}


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """The project as the builder gets it, with a Dockerfile that runs nothing: that would need the internet."""
    context = tmp_path / "context"
    for source in ("bot", "cogs"):
        shutil.copytree(ROOT / source, context / source, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "requirements", context / "requirements")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, context)
    joined = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    kept = [line for line in joined.splitlines() if not line.startswith("RUN ")]
    (context / "Dockerfile").write_text("\n".join(kept), encoding="utf-8")
    return context


def test_without_an_engine_the_same_stages_are_run(context: Path, tmp_path: Path) -> None:
    installed = tmp_path / "base" / "opt" / "paperboy" / "installed"
    installed.parent.mkdir(parents=True)
    installed.touch()  # what the lines that run would have installed
    image = Builder(tmp_path, context, {"SEMANTIC": "yes"}).build()
    assert image == Image(
        root=tmp_path / "stage-1",
        env={
            "PATH": "/opt/paperboy/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PAPERBOY_HTTP_PORT": "8080",
        },
        workdir="/data",
        user="10001:10001",
        program={"HEALTHCHECK": ["paperboy", "health"], "ENTRYPOINT": ["paperboy"], "CMD": ["run"]},
    )
    assert (image.root / "opt" / "paperboy" / "installed").exists()
    assert not (image.root / "source").exists()
    assert (tmp_path / "stage-0" / "source" / "bot" / "service.py").exists()
    assert (tmp_path / "stage-0" / "source" / "requirements" / "run.txt").exists()


def test_without_an_engine_an_unknown_instruction_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "Dockerfile").write_text("FROM scratch\nONBUILD RUN true\n", encoding="utf-8")
    with pytest.raises(ValueError, match="without an engine: ONBUILD"):
        Builder(tmp_path, tmp_path, {}).build()


def test_a_dockerfile_is_read_with_its_flags_and_continued_lines(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(
        "# a comment\nFROM one AS first\nRUN a \\\n    # why\n    && b\nFROM two\nCOPY --from=first /a /b\n"
    )
    assert read_dockerfile(path) == [
        Stage("one", "first", (Instruction("RUN", {}, "a && b"),)),
        Stage("two", "", (Instruction("COPY", {"from": "first"}, "/a /b"),)),
    ]
