"""Verbs that need no engine: they are to answer before anybody notices. Against the smallest process that there is, too."""

from scene import scene
from stage import holds

FIGURES = ("wall", "cpu", "peak")


@scene("help", "`--help`", FIGURES)
def help_text(stage):
    yield {
        "berth": stage.client(stage.berth("--help"), check=holds("Usage: berth", "resolve")),
        "docker": stage.client(stage.docker("--help"), check=holds("Usage:", "run")),
        "`true`, no container": stage.client(["/bin/true"]),
    }


@scene("resolve", "`resolve` on the full catalogue", FIGURES)
def resolve(stage):
    question = ("resolve", "-f", "torch", "--driver", "550.54.14", "--gpu", "H100", "--offline")
    yield {
        "berth": stage.client(stage.berth(*question), check=holds("image", "torch", "550.54.14")),
        "`true`, no container": stage.client(["/bin/true"]),
    }
