"""A FastAPI server made as fast as one worker gets: raw JSON into NumPy, xgboost in place, no data frame, no validation, no log.

Needs Debian's python3-fastapi, python3-uvicorn, python3-uvloop, python3-httptools, python3-numpy and python3-xgboost:
    /usr/bin/python3 fastapi_peer.py
It prints its address once it listens. Route and answer are those of the other servers of the benchmark.
"""

import json
import socket

import numpy
import uvicorn
import xgboost
from fastapi import FastAPI, Request, Response

FEATURES = 20


def train() -> xgboost.Booster:
    """100 trees of 31 leaves on 20 numbers, as the product's model."""
    random = numpy.random.default_rng(7)
    rows = random.standard_normal((50_000, FEATURES)).astype(numpy.float32)
    score = sum(rows[:, i] * rows[:, (i + 1) % FEATURES] if i % 3 == 0 else numpy.sin(rows[:, i] * i) for i in range(FEATURES))
    labels = (score + random.standard_normal(len(rows)) > 0).astype(numpy.float32)
    settings = {"objective": "binary:logistic", "tree_method": "hist", "grow_policy": "lossguide", "max_leaves": 31, "max_depth": 0, "eta": 0.1, "nthread": 2}
    model = xgboost.train(settings, xgboost.DMatrix(rows, labels), 100)
    model.set_param({"nthread": 1})
    return model


booster = train()
app = FastAPI()


@app.post("/models/{pipeline}/invocations")
async def invocations(request: Request, pipeline: str) -> Response:
    rows = numpy.asarray(json.loads(await request.body())["dataframe_split"]["data"], dtype=numpy.float32)
    return Response(json.dumps({"predictions": booster.inplace_predict(rows).tolist()}), media_type="application/json")


if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(f"Now listening on: http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="warning")).run(sockets=[listener])
