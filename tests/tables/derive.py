#!/usr/bin/env python3
"""Derives what `resolve` must answer from tables of facts, without berth's catalogue and without its code.

    tests/tables/derive.py FACTS torch > tests/unit/resolver/data/torch_outcomes.tsv
    tests/tables/derive.py FACTS ngc > tests/unit/resolver/data/ngc_outcomes.tsv

FACTS is a folder with pytorch.json, pytorch_image_tags.json, ngc_frameworks.json, gpu_arch.json and cuda_driver.json,
collected from the projects' and NVIDIA's documents. torch: a row is a release and a compute capability; the other columns
are drivers, each with the builds of which one must be chosen, or `-` where the question must be refused. ngc: a row is one
of NVIDIA's containers whose driver is known, and a compute capability; the columns say whether that GPU can run it.

The rules, from NVIDIA's documents:
- machine code for X.y runs on X.z, z >= y; PTX for X.y runs on anything newer;
- where nobody wrote down a build's code, what its CUDA can compile for counts;
- cuDNN 9 begins at compute capability 5.0, whatever else the build has code for;
- a driver runs the CUDA of its branch and older ones natively; from CUDA 11 on, one at or above the major's floor runs
  every minor of it, but not its PTX;
- a driver knows a generation of GPUs from the CUDA on that brought it, up to the last branch that is named for it;
- a build needs an image: the project's own, or from CUDA 11 on a CUDA image to install it on (older ones are gone).
"""

import json
import pathlib
import sys

DRIVERS = ["390.46", "396.26", "410.48", "418.39", "430.50", "440.33", "450.80.02", "460.32", "470.86", "495.29", "510.47",
           "515.43", "525.60.13", "530.30", "535.104.05", "545.23", "550.54", "560.28", "565.57", "570.86", "575.51",
           "580.65", "590.44", "595.45", "610.43", "615.10"]
CAPABILITIES = ["3.5", "3.7", "5.0", "5.2", "6.0", "6.1", "7.0", "7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "10.3", "12.0",
                "12.1"]
NGC_CAPABILITIES = ["6.1", "7.5", "8.6", "9.0", "12.0"]


def numbers(text):
    return tuple(int(part) for part in str(text).split()[0].split("."))  # "10.1 or 10.2": what is sure


def minor(text):
    return (numbers(text) + (0,))[:2]


class Facts:
    def __init__(self, folder):
        def load(name):
            return json.loads((folder / name).read_text())

        self.torch = load("pytorch.json")["releases"]
        # Old tags leave a patch of 0 out: 1.2-cuda10.0-… is 1.2.0.
        self.images = {((numbers(row["torch"]) + (0, 0))[:3], minor(row["cuda"]))
                       for row in load("pytorch_image_tags.json")["tags"] if row.get("cuda")}
        self.coverage = {minor(row["cuda"]): row for row in load("gpu_arch.json")["by_cuda"]}
        self.generations = {row["compute_capability"]: row for row in load("gpu_arch.json")["capabilities"]}
        self.containers = load("ngc_frameworks.json")["rows"]
        drivers = load("cuda_driver.json")
        self.branches = sorted((int(row["driver_branch"]), minor(row["max_cuda_reported"]))
                               for row in drivers["driver_branch_max_cuda"])
        self.floors = {int(row["cuda_major"].split(".")[0]): numbers(row["min_driver_linux"])
                       for row in drivers["minor_version_compatibility"] if row["min_driver_linux"][0].isdigit()}

    def covered_by(self, build, capability):
        """"cubin", "ptx", "presumed" or None."""
        major, small = numbers(capability)
        targets = build.get("arch_list") or []
        if (build.get("cudnn") or "").startswith("9") and (major, small) < (5, 0):
            return None
        if not targets:
            row = self.coverage.get(minor(build["cuda"]))
            if row is None:
                return "presumed"
            within = numbers(row["min_compute_capability"]) <= (major, small) and \
                major <= numbers(row["max_compute_capability"])[0]
            return "presumed" if within else None
        best = None
        for target in targets:
            kind, digits = target.split("_")
            exact = digits.endswith("a")
            digits = digits.rstrip("af")
            own = (int(digits[:-1]), int(digits[-1]))
            if kind == "compute":
                best = best or ("ptx" if own <= (major, small) else None)
            elif (own == (major, small)) if exact else (own[0] == major and own[1] <= small):
                return "cubin"
        return best

    def native(self, driver):
        return max((reported for branch, reported in self.branches if branch <= numbers(driver)[0]), default=None)

    def knows(self, driver, capability):
        row = self.generations[capability]
        native = self.native(driver)
        too_early = row.get("first_cuda") and native and native < minor(row["first_cuda"])
        return not too_early and not (row.get("last_driver_branch") and
                                      numbers(driver)[0] > numbers(row["last_driver_branch"])[0])

    def runs(self, cuda, driver, compiles):
        native = self.native(driver)
        if native is not None and native >= minor(cuda):
            return True
        floor = self.floors.get(minor(cuda)[0])
        return floor is not None and numbers(driver) >= floor and not compiles

    def has_image(self, version, cuda):
        return minor(cuda)[0] >= 11 or (numbers(version), minor(cuda)) in self.images

    def builds(self, release, capability, driver):
        if not self.knows(driver, capability):
            return
        for build in release["cuda_variants"]:
            if not build.get("cuda"):
                continue
            covered = self.covered_by(build, capability)
            if covered and self.has_image(release["version"], build["cuda"]) and \
                    self.runs(build["cuda"], driver, covered == "ptx"):
                yield build["index_suffix"] or "cu" + "".join(map(str, minor(build["cuda"])))


def torch_table(facts):
    yield ["torch", "capability", *DRIVERS]
    for release in facts.torch:
        for capability in CAPABILITIES:
            cells = [",".join(facts.builds(release, capability, driver)) or "-" for driver in DRIVERS]
            yield [release["version"], capability, *cells]


def ngc_table(facts):
    """GPUs named by capability alone, so that forward compatibility, which is for data-centre GPUs, does not help."""
    yield ["container", "capability", *DRIVERS]
    for row in facts.containers:
        if not row["min_driver"] or not row["cuda"]:
            continue
        lowest = row["min_compute_capability"]
        for capability in NGC_CAPABILITIES:
            # What NVIDIA supports ends before what its CUDA compiles for: older GPUs only where the end is known.
            if numbers(capability) < (7, 5) and not lowest:
                continue
            covered = facts.covered_by({"cuda": row["cuda"]}, capability) and \
                numbers(capability) >= numbers(lowest or "0")
            yield [row["tag"], capability,
                   *["yes" if covered and facts.knows(driver, capability) and facts.runs(row["cuda"], driver, False)
                     else "-" for driver in DRIVERS]]


def main():
    facts = Facts(pathlib.Path(sys.argv[1]))
    for cells in {"torch": torch_table, "ngc": ngc_table}[sys.argv[2]](facts):
        print("\t".join(cells))


if __name__ == "__main__":
    main()
