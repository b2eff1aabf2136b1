"""The GPU's table at toy sizes on a CPU: that it can be made, and its form; nothing is timed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.gpu.device import cuda_devices
from bench.document import DOCUMENT, GPU, RATIOS, ratio_lines, read_part, write_part
from bench.figure import BenchError, Figure
from bench.gpu import outlook
from bench.gpu.__main__ import main
from bench.gpu.ceilings import H200
from bench.gpu.plan import TINY
from bench.gpu.row import HEAD, Row, Section, goal_lines, lines_of
from bench.gpu.shapes import COMMUNITY_1, LARGE_V3, TURBO, WAV2VEC2_BASE
from bench.results import read_results
from tests.conftest import ROOT


def test_all_of_the_table_is_made_at_toy_sizes() -> None:
    command = [sys.executable, "-m", "bench.gpu", "--tiny", "--device", "cpu"]
    told = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=300)
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert re.fullmatch(r"Measured on .+, \d{4}-\d\d-\d\d\. Weights are random.*", lines[0])
    titles = [line.removeprefix("### ") for line in lines if line.startswith("### ")]
    assert titles[1:] == [part.title for part in outlook.SECTIONS.values()]
    found = [line for line in lines if line.startswith("| ") and line != HEAD]
    wanted = [row for part in outlook.SECTIONS.values() for row in part.rows(TINY, H200)]
    assert [line.split(" | ")[0] for line in found[3:]] == [f"| {row.what}" for row in wanted]
    for line in found:
        assert float(line.split(" | ")[1]) > 0, line
    assert "not measured" not in told.stdout


@pytest.mark.skipif(cuda_devices() > 0, reason="there is a GPU")
def test_without_a_gpu_it_says_what_to_do_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = DOCUMENT.read_bytes()
    monkeypatch.setattr(sys, "argv", ["bench.gpu"])
    assert main() == 1
    told = capsys.readouterr().err
    assert "No CUDA device was found" in told
    assert "nvidia-smi" in told
    assert DOCUMENT.read_bytes() == before


def test_true_shapes_are_refused_on_a_cpu(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench.gpu", "--device", "cpu"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "--tiny" in capsys.readouterr().err


def test_the_page_shows_the_ratios_that_were_measured() -> None:
    figures = read_results(ROOT / "bench" / "results.json")
    assert read_part(RATIOS).splitlines() == ratio_lines(figures)


def test_the_page_shows_what_a_gpu_did_or_that_none_was_at_hand() -> None:
    part = read_part(GPU)
    if part.startswith("Measured on "):
        assert all(f"### {each.title}" in part for each in outlook.SECTIONS.values())
    else:
        assert part.splitlines() == list(outlook.lines())
        assert part.startswith("**No GPU has been measured yet.**")
        assert HEAD not in part
    assert "not measured" not in part


def test_the_goals_for_an_h200_stand_in_the_table() -> None:
    rows = [line for line in outlook.lines() if "≥" in line or "≤" in line]
    for what, goal in (
        ("32 jobs, ours, 32 together: sound by time", "≥ 700"),
        ("1 job, ours, 16 together: first text, median", "≤ 0.5"),
        ("32 jobs, ours, 16 together: first text, p95", "≤ 4"),
        ("32 x 10 min: sound by time", "≥ 200"),
    ):
        assert any(row.startswith(f"| {what} |") and f"| {goal} |" in row for row in rows), what


def test_bounds_are_those_of_the_published_shapes() -> None:
    # Each by its own count: layers x (weights + attention) + convolutions, times two for
    # multiplying and adding; bytes of float16 weights and of keys and values.
    assert LARGE_V3.encoder_flop == pytest.approx(2.27e12, rel=0.005)
    assert LARGE_V3.decoder_bytes == pytest.approx(1.60e9, rel=0.005)
    assert TURBO.decoder_bytes == pytest.approx(0.316e9, rel=0.005)
    assert LARGE_V3.sound_bytes == pytest.approx(246e6, rel=0.005)
    assert 1000 * LARGE_V3.encode_bound_s(788e12) == pytest.approx(2.9, abs=0.05)
    assert 100 * 1000 * LARGE_V3.step_bound_s(1, 4.3e12) == pytest.approx(42.9, abs=0.2)
    assert 100 * 1000 * LARGE_V3.step_bound_s(64, 4.3e12) / 64 == pytest.approx(6.3, abs=0.05)


def test_the_aligners_bound_is_what_its_network_computes() -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from torch.nn.utils.parametrize import remove_parametrizations
    from torch.utils.flop_counter import FlopCounterMode

    model = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config()).eval()
    # The counter cannot look into it as it is.
    remove_parametrizations(model.encoder.pos_conv_embed.conv, "weight")
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 5 * 16_000))
    assert WAV2VEC2_BASE.forward_flop(5) == pytest.approx(counter.get_total_flops(), rel=0.1)


def test_the_voices_bound_is_what_their_trunk_computes() -> None:
    torch = pytest.importorskip("torch")
    wespeaker = pytest.importorskip("pyannote.audio.models.embedding.wespeaker")
    from torch.utils.flop_counter import FlopCounterMode

    from bench.gpu.shapes import TRUNK_FLOP

    model = wespeaker.WeSpeakerResNet34().eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model.forward_frames(torch.zeros(1, 1, round(COMMUNITY_1.chunk_s * 16_000)))
    assert pytest.approx(counter.get_total_flops(), rel=0.05) == TRUNK_FLOP


def test_a_row_without_a_value_is_left_out_and_so_is_a_section_without_rows() -> None:
    row = Row("a", "s", bound=0.01234, goal=2)
    sections = [Section("A title", (row, row.measured(1234.5))), Section("Another", (row,))]
    assert list(lines_of(sections)) == [
        "",
        "### A title",
        "",
        HEAD,
        "|---|---:|---:|---:|---|",
        "| a | 1234 | 0.0123 | ≤ 2 | s |",
    ]
    assert list(goal_lines([row, Row("b", "s")]))[2:] == [
        "|---|---:|---:|---|",
        "| a | 0.0123 | ≤ 2 | s |",
    ]


def test_only_the_part_between_its_markers_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    shutil.copyfile(DOCUMENT, page)
    before = read_part(GPU, page)
    figures = [Figure("good", 1, 2, "lower", "ratio"), Figure("bad", 3, 4, "higher", "x")]
    write_part(RATIOS, ratio_lines(figures), page)
    assert read_part(RATIOS, page).splitlines()[2:] == [
        "| `good` | 1 | ≤ 2 | ratio |",
        "| `bad` | **3** | ≥ 4 | x |",
    ]
    assert read_part(GPU, page) == before
    with pytest.raises(BenchError, match="no part 'other'"):
        write_part("other", [], page)
