"""A scene: one thing that users wait for, done by berth, by docker and, where there is one, by the floor.

    @scene("start-bridge", "`true`, bridge network", figures=("wall", "cpu", "peak"))
    def start_bridge(stage):
        # what it needs is made here, and taken away behind the yield
        yield {"berth": …, "docker": …, "floor": …}

A contender is called once a round and returns its Sample; one with a method peak() also tells its memory. It raises Failed
when what it delivered is not what was sent. `volume(quick)`, in bytes, makes a rate of the time.
"""

import contextlib
import dataclasses
from collections.abc import Callable

PAIRS = 15
QUICK_PAIRS = 2
SCENES = {}


@dataclasses.dataclass
class Scene:
    name: str
    title: str
    play: Callable  # of a Stage: a context manager that gives the contenders
    figures: tuple
    pairs: int
    volume: Callable | None

    def rounds(self, quick):
        return min(self.pairs, QUICK_PAIRS) if quick else self.pairs


def scene(name, title, figures=("wall",), pairs=PAIRS, volume=None):
    def register(function):
        SCENES[name] = Scene(name, title, contextlib.contextmanager(function), figures, pairs, volume)
        return function

    return register
