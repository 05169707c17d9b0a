"""Fits a line to the points on standard input by least squares, and prints it as JSON."""

import json
import sys

import torch

device = "cuda" if torch.cuda.is_available() else "cpu"
rows = [[float(word) for word in line.split()] for line in sys.stdin]
if len(rows) < 2:
    raise SystemExit("fit.py: two points make a line, not fewer")
x, y = torch.tensor(rows, dtype=torch.float64, device=device).T
design = torch.stack([x, torch.ones_like(x)], dim=1)
slope, intercept = torch.linalg.lstsq(design, y[:, None]).solution.flatten().tolist()
print(json.dumps({"slope": round(slope, 6), "intercept": round(intercept, 6), "points": len(rows)}))
