"""What berth is to reach, in the figures of the scenes. Judged by medians; never asserted, for no machine is like another."""

import dataclasses
import statistics


@dataclasses.dataclass
class Ratio:
    """Ours by theirs: of a rate at least the limit, of anything else at most."""

    scene: str
    figure: str
    against: str
    limit: float
    text: str

    def found(self, result):
        return result.ratio(self.figure, self.against)

    def holds(self, found):
        return found >= self.limit if self.figure == "rate" else found <= self.limit

    def shown(self, value):
        return f"{value:.2f}x"


@dataclasses.dataclass
class Over:
    """Milliseconds that we take longer than another contender, at most."""

    scene: str
    against: str
    limit: float
    text: str

    def found(self, result):
        pairs = zip(result.values("berth", "wall"), result.values(self.against, "wall"))
        return statistics.median(ours - theirs for ours, theirs in pairs)

    def holds(self, found):
        return found <= self.limit

    def shown(self, value):
        return f"{value:.1f} ms"


@dataclasses.dataclass
class Within:
    """Milliseconds from start to exit, at most."""

    scene: str
    limit: float
    text: str

    def found(self, result):
        return statistics.median(result.values("berth", "wall"))

    def holds(self, found):
        return found <= self.limit

    def shown(self, value):
        return f"{value:.1f} ms"


TARGETS = [
    Ratio("start-bridge", "wall", "docker", 0.75, "`true`, bridge network, time against `docker run --rm`"),
    Over("start-bridge", "floor", 10, "the same, over the engine's floor"),
    Ratio("start-bridge", "cpu", "docker", 0.3, "the same, CPU of the client"),
    Ratio("start-bridge", "peak", "docker", 0.4, "the same, peak memory of the client"),
    Ratio("stdout-text", "rate", "docker", 8, "stdout, log text, throughput against docker's default"),
    Ratio("stdout-text", "rate", "docker, no log", 2, "the same against `--log-driver none`"),
    Ratio("stdout-binary", "rate", "docker, no log", 2, "stdout, binary, throughput against `--log-driver none`"),
    Ratio("stdin-binary", "rate", "docker", 1.5, "stdin, binary, throughput"),
    Within("resolve", 15, "`berth resolve` on the full catalogue"),
    Within("help", 15, "`berth --help`"),
]
