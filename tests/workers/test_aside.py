"""A computation on a thread: the newest wins, answers come on the GUI thread."""

import threading

from explorer.workers.aside import Aside


def test_the_newest_wins_and_is_answered_here(qtbot):
    aside, gate, heard = Aside("test"), threading.Event(), []

    def here():
        return threading.current_thread() is threading.main_thread()

    aside.run(lambda: gate.wait(100) and "first", heard.append)
    for n in range(5):
        aside.run(lambda n=n: (n, here()), lambda found: heard.append((*found, here())))
    gate.set()
    qtbot.waitUntil(lambda: not aside.busy)
    assert heard == ["first", (4, False, True)]


def test_what_was_dropped_is_not_told_and_what_follows_is(qtbot):
    aside, gate, heard = Aside("test"), threading.Event(), []
    aside.run(lambda: gate.wait(100) and "dropped", heard.append)
    aside.drop()
    aside.run(lambda: "kept", heard.append)
    gate.set()
    qtbot.waitUntil(lambda: not aside.busy)
    assert heard == ["kept"]
