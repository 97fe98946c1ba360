"""The peer: a matplotlib slider over the same model, as a notebook's author would write it.

`python -m explorer.bench.matplotlib_slider MODEL` answers like `backends.timing`. It runs in a process of
its own, model and window together.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np


def main(path: str) -> None:
    import matplotlib
    from PySide6.QtWidgets import QApplication

    from backends.timing import forward

    app = QApplication([])  # before matplotlib looks for a display, so that it takes the offscreen one
    matplotlib.use("QtAgg")
    from matplotlib import pyplot
    from matplotlib.widgets import Slider

    generate, code = forward(path)
    figure, axes = pyplot.subplots(figsize=(6, 6))
    first = generate(code)
    shown = axes.imshow(first.squeeze(), cmap="gray", vmin=0, vmax=255)
    slider = Slider(figure.add_axes((0.2, 0.02, 0.6, 0.03)), "z 1", -3, 3, valinit=0)
    drawn: list[float] = []

    def moved(value: float) -> None:
        code[0] = np.float32(value)
        shown.set_data(generate(code).squeeze())
        figure.canvas.draw_idle()

    slider.on_changed(moved)
    figure.canvas.mpl_connect("draw_event", lambda _: drawn.append(time.perf_counter()))
    figure.show()
    for _ in range(20):
        app.processEvents()
        time.sleep(0.01)
    for line in sys.stdin:
        asked = json.loads(line)
        times = []
        for turn in range(asked["count"]):
            time.sleep(asked["pause"])
            app.processEvents()
            drawn.clear()
            began = time.perf_counter()
            slider.set_val(-2 + (turn % 40) * 0.1)
            while not drawn:
                app.processEvents()
            app.processEvents()  # the drawn figure goes to the screen
            times.append((time.perf_counter() - began) * 1000)
        sys.stdout.write(json.dumps(times) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
