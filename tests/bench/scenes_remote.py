"""A project that the engine's machine does not have. berth has no copying of its own yet; what its users do is compared
with what docker's do: an archive through standard input, or `docker create`, `cp` and `start`."""

import hashlib
import random
import tarfile

from scene import scene
from stage import Sequence, Stage, says

FILES = 500
NAME = "berth-bench-copy"
# berth knows the limits of engines on this machine alone, and asks others for more than the tests' may give.
LIMIT = ("--ulimit", "memlock=65536")
SUM = "find /tmp/project -type f | sort | xargs cat | sha256sum | cut -c 1-64"


@scene("project-over-tls", f"a project of {FILES} files into a container, over TLS", ("wall", "cpu"), pairs=7)
def project_over_tls(local):
    stage = Stage.over_tls(local)
    try:
        check = says(write_project(stage) + "\n")
        archive = stage.folder / "project.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(stage.folder / "copied", "project")
        unpack = ("sh", "-c", f"tar -xf - -C /tmp && {SUM}")
        parts = [stage.docker("create", "--rm", "--label", stage.label, "--name", NAME, stage.image, "sh", "-c", SUM),
                 stage.docker("cp", "--quiet", stage.folder / "copied", f"{NAME}:/tmp/project"),
                 stage.docker("start", "--attach", NAME)]
        yield {
            "berth": stage.client(stage.berth_run(*LIMIT, *unpack), stdin=archive, check=check),
            "docker": stage.client(stage.docker_run(*unpack, options=["-i"]), stdin=archive, check=check),
            "docker create, cp, start": Sequence(
                stage, *[stage.client(part, check=check if "start" in part else None, last=False) for part in parts]),
        }
    finally:
        stage.close()


def write_project(stage):
    """About 20 MB of files. Returns the checksum of all of them, in the order of their paths."""
    root, chance = stage.folder / "copied", random.Random(1)
    digest = hashlib.sha256()
    for number in range(FILES):
        content = chance.randbytes(chance.randrange(1000, 80_000))
        path = root / f"package{number // 50:02d}" / f"module{number:03d}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digest.update(content)
    return digest.hexdigest()
