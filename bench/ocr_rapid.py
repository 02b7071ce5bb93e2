"""Reads pictures with RapidOCR: a path a line in, a line of JSON out. Run by ocr.py in its environment."""

import json
import sys
import time

from rapidocr import RapidOCR

engine = RapidOCR(params={"Global.log_level": "critical"})
for path in sys.stdin:
    begin = time.perf_counter()
    found = engine(path.strip())
    seconds = time.perf_counter() - begin
    print(json.dumps({"texts": list(found.txts or []), "seconds": seconds}), flush=True)
