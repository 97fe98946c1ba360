"""The tour drives the real window: every panel gets its picture, none of them empty."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PANELS = ("explore", "map", "mix", "compare", "train")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_panel_has_a_picture_with_something_on_it(tmp_path):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "main.py", "tour", "--out", str(tmp_path), "--size", "1280x800"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for panel in PANELS:
        picture = Image.open(tmp_path / f"{panel}.png").convert("RGB")
        assert picture.size == (1280, 800)
        assert len(picture.getcolors(maxcolors=1 << 24)) > 200, f"{panel} shows hardly anything"
