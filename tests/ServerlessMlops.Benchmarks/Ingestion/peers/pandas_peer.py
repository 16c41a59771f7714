"""pandas: read_csv, describe, nunique. /usr/bin/python3 pandas_peer.py FILE.csv"""
import json
import resource
import sys
import time

import pandas

start = time.perf_counter()
table = pandas.read_csv(sys.argv[1])
table.describe(include="all")
table.nunique()
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "rows": len(table), "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
