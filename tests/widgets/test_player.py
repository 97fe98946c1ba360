"""The clock over frames: order at the ends, pause and speed."""

import pytest

from explorer.widgets.player import Player, Repeat


@pytest.fixture
def player(qapp):
    made = Player()
    made.set_count(4)
    return made


def walk(player, steps):
    seen = []
    player.frame_changed.connect(seen.append)
    for _ in range(steps):
        player.advance()
    return seen


def test_swing_goes_there_and_back(player):
    assert walk(player, 8) == [1, 2, 3, 2, 1, 0, 1, 2]


def test_loop_starts_again(player):
    player.repeat = Repeat.LOOP
    assert walk(player, 6) == [1, 2, 3, 0, 1, 2]


def test_once_stops_at_the_end_and_starts_again_from_the_front(player, qtbot):
    player.repeat = Repeat.ONCE
    player.set_fps(200)
    states = []
    player.playing_changed.connect(states.append)
    player.play()
    qtbot.waitUntil(lambda: not player.playing)
    assert (player.index, states) == (3, [True, False])
    player.play()
    assert player.index == 0
    player.pause()


def test_one_frame_does_not_play(player):
    player.play()
    player.set_count(1)
    assert not player.playing
    player.play()
    assert not player.playing
    assert player.index == 0
