"""What a computation is told while it works."""

import pytest

from explorer.latent.task import Cancelled, Task


def test_a_pause_that_is_told_late_is_for_the_next_check():
    """It may come between the look whether to pause and the taking of what was told."""

    class Late(Task):
        def check(self):
            super().check()
            if not asked:
                asked.append(1)
                self.hear({"pause": True, "min_dist": 0.5})

    asked = []
    task = Late()
    assert task.told() == {"min_dist": 0.5}
    asked.append(2)
    rests = []
    task._pause = lambda: rests.append(1)
    task.check()
    assert rests == [1]
    task.hear({"pause": False})
    task.check()
    assert rests == [1]
    assert task.told() == {}
    task.cancelled = True
    with pytest.raises(Cancelled):
        task.told()
