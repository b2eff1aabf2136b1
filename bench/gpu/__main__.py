"""``python -m bench.gpu``: measure a GPU and write the table into ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.gpu.device import Device, cuda_devices, gpu_info
from bench.document import DOCUMENT, GPU, write_part
from bench.figure import BenchError
from bench.gpu import outlook
from bench.gpu.ceilings import find_ceilings
from bench.gpu.plan import FULL, TINY
from bench.gpu.row import Section, lines_of
from bench.gpu.site import Site
from bench.progress import Progress

_NO_DEVICE = """\
No CUDA device was found, so nothing was measured and docs/benchmarks.md stays as it is.
Check that `nvidia-smi` lists a card, that the container was given it (`--gpus all`), and that
`.venv/bin/python -c "import ctranslate2; print(ctranslate2.get_cuda_device_count())"` is not 0.
To see that the measurements themselves work: python -m bench.gpu --tiny --device cpu\
"""


def main() -> int:
    """Run from a terminal."""
    arguments = _arguments()
    device: Device = arguments.device
    if arguments.outlook:
        write_part(GPU, outlook.lines(), arguments.document)
        return 0
    if device == "cuda" and not cuda_devices():
        print(_NO_DEVICE, file=sys.stderr)
        return 1
    progress = Progress(sys.stderr)
    try:
        with tempfile.TemporaryDirectory(prefix="cuestream-bench-gpu-") as folder:
            lines = [
                *_provenance(device),
                *lines_of(_sections(arguments, Path(folder), progress.step)),
            ]
    except BenchError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    if not arguments.tiny and set(arguments.sections) == set(outlook.SECTIONS):
        write_part(GPU, lines, arguments.document)
        progress.step(f"written to {arguments.document.name}")
    return 0


def _sections(
    arguments: argparse.Namespace, folder: Path, report: Callable[[str], None]
) -> Iterator[Section]:
    plan = TINY if arguments.tiny else FULL
    report("the device's own ceilings")
    ceilings = find_ceilings(arguments.device, plan.matmul, plan.rounds)
    yield ceilings.section
    site = Site(plan, arguments.device, folder, ceilings, report)
    for name in arguments.sections:
        yield outlook.SECTIONS[name].measure(site)


def _provenance(device: Device) -> Sequence[str]:
    """Return a line on the measured device."""
    found = gpu_info(device)
    name = platform.processor() or platform.machine()
    if found is not None:
        name = f"{found.name}, {found.total_bytes / 2**30:.0f} GiB"
    today = datetime.now(UTC).date().isoformat()
    return [f"Measured on {name}, {today}. Weights are random, shapes are the models' own."]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    known = list(outlook.SECTIONS)
    parser.add_argument("sections", nargs="*", help=f"{', '.join(known)}; all if none")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="toy networks; writes nothing")
    parser.add_argument(
        "--outlook", action="store_true", help="write the goals into the page, without a device"
    )
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(known):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    if arguments.device == "cpu" and not (arguments.tiny or arguments.outlook):
        parser.error("the true shapes need a GPU; take --tiny on a CPU")
    arguments.sections = arguments.sections or known
    return arguments


if __name__ == "__main__":
    raise SystemExit(main())
