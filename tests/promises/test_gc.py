"""Every garbage collection happens on the GUI thread."""

import gc
import threading

from explorer.ui.gc_guard import THRESHOLDS, GcGuard


def test_collections_happen_on_the_gui_thread_only(qtbot):
    seen = []
    gc.callbacks.append(lambda phase, info: seen.append(threading.current_thread()))
    guard = GcGuard()
    try:
        assert not gc.isenabled()
        stop = threading.Event()

        def litter():
            while not stop.is_set():
                circle = []
                circle.append(circle)

        worker = threading.Thread(target=litter)
        worker.start()
        qtbot.wait(50)
        guard.collect()
        qtbot.wait(50)
        stop.set()
        worker.join()
        kept = [[] for _ in range(THRESHOLDS[0] + 100)]
        guard.collect()
        assert kept
        assert seen
        assert set(seen) == {threading.main_thread()}
    finally:
        guard.stop()
        gc.callbacks.pop()
        gc.disable()  # as the conftest had it


def test_settling_keeps_what_is_there_out_of_later_collections(qtbot):
    guard = GcGuard()
    try:
        guard.settle()
        assert gc.get_freeze_count() > 1000
    finally:
        guard.stop()
        gc.disable()
    assert gc.get_freeze_count() == 0
