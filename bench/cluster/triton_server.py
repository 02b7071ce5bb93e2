"""Serves models of a folder by Triton (nvidia-pytriton): triton_server.py FOLDER HTTP_PORT GRPC_PORT NAME…"""

import sys
import tomllib
from pathlib import Path

import numpy
import onnxruntime
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

TYPES = {"f32": numpy.float32, "u8": numpy.uint8, "i32": numpy.int32}


def tensors(ports):
    return [Tensor(name=port["name"], dtype=TYPES[port["dtype"]],
                   shape=tuple(side or -1 for side in port["shape"])) for port in ports]


def bind(triton, folder, spec):
    session = onnxruntime.InferenceSession(folder / spec["file"], providers=["CPUExecutionProvider"])
    names = [port["name"] for port in spec["output"]]

    def infer(requests):
        answers = []
        for request in requests:
            inputs = {port["name"]: request[port["name"]] for port in spec["input"]}
            answers.append(dict(zip(names, session.run(names, inputs))))
        return answers

    triton.bind(model_name=spec["name"], infer_func=infer, inputs=tensors(spec["input"]),
                outputs=tensors(spec["output"]), config=ModelConfig(batching=False))


def main():
    folder, http, grpc, *names = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]
    models = tomllib.loads((folder / "manifest.toml").read_text())["model"]
    config = TritonConfig(http_address="127.0.0.1", http_port=http, grpc_address="127.0.0.1",
                          grpc_port=grpc, allow_metrics=False)
    with Triton(config=config) as triton:
        for spec in models:
            if spec["name"] in names:
                bind(triton, folder, spec)
        triton.serve()


main()
