"""One target under atheris (libFuzzer), in the environment that `python3 -m ops test --fuzz` makes.

    python -m tests.fuzz.driver list                            the targets, a line each
    python -m tests.fuzz.driver fuzz TARGET SECONDS SEED FOLDER until the time is over or the first defect
    python -m tests.fuzz.driver keep TARGET FOLDER              what reached new code goes to the corpus

FOLDER/inputs holds what was found so far, FOLDER/defects what broke something.
"""

import sys
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["producer", "worker"]):
    from tests.fuzz.targets import CORPUS, TARGETS, Target

_LONGEST: Final = 4096  # bytes of an input; the attacks have the long ones
_LONGEST_KEPT: Final = 512
_SLOWEST: Final = 10  # seconds for one input: far more than any takes, on a busy machine too
_MOST_MEGABYTES: Final = 1024


def main() -> None:
    """Do what the arguments say; fuzzing and merging end the process in libFuzzer's way."""
    match sys.argv[1:]:
        case ["list"]:
            sys.stdout.write("\n".join(TARGETS) + "\n")
        case ["fuzz", name, seconds, seed, folder]:
            _fuzz(TARGETS[name], float(seconds), int(seed), Path(folder))
        case ["keep", name, folder]:
            kept = CORPUS / name
            kept.mkdir(parents=True, exist_ok=True)
            _run(TARGETS[name], ["-merge=1", f"-max_len={_LONGEST_KEPT}", str(kept), str(Path(folder) / "inputs")])
        case _:
            sys.exit(__doc__)


def _fuzz(target: Target, seconds: float, seed: int, folder: Path) -> None:
    inputs, defects, words = folder / "inputs", folder / "defects", folder / "words"
    for each in (inputs, defects, CORPUS / target.name):
        each.mkdir(parents=True, exist_ok=True)
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
    options = [
        f"-max_total_time={max(1, round(seconds))}",
        f"-seed={seed}",
        f"-timeout={_SLOWEST}",
        f"-rss_limit_mb={_MOST_MEGABYTES}",
        f"-max_len={_LONGEST}",
        f"-artifact_prefix={defects}/",
        f"-dict={words}",
        "-print_final_stats=1",
    ]
    _run(target, [*options, str(inputs), str(CORPUS / target.name)])


def _run(target: Target, options: list[str]) -> None:
    def one(data: bytes) -> None:
        target.outcome(data)

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
