"""Passes on the lines of standard input that are two finite numbers."""

import math
import sys

dropped = 0
for line in sys.stdin:
    try:
        x, y = map(float, line.split())
    except ValueError:
        dropped += 1
        continue
    if math.isfinite(x) and math.isfinite(y):
        print(x, y)
    else:
        dropped += 1
if dropped:
    print(f"clean.py: dropped {dropped} line(s)", file=sys.stderr)
