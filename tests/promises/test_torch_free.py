"""The window's process never loads torch, nor what the first paint doesn't need."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys, time
from pathlib import Path
from PySide6.QtTest import QTest
from explorer.app import Options, build, make_qt
app = build(make_qt(), Options(home=Path(sys.argv[1])))
app.window.show()
QTest.qWait(1)
early = [m for m in ("pyqtgraph", "sklearn", "scipy", "umap", "PIL.Image") if m in sys.modules]
end = time.monotonic() + 120
while not app.window.ready and time.monotonic() < end:
    QTest.qWait(20)
late = [m for m in ("torch", "torchvision", "umap", "sklearn") if m in sys.modules]
print("EARLY", early, "LATE", late, "READY", app.window.ready)
app.close()
"""


def test_the_windows_process_is_light(tmp_path):
    environment = {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert "LATE [] READY True" in done.stdout, done.stdout + done.stderr
    assert "EARLY []" in done.stdout, done.stdout
