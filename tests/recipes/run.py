"""The recipes of docs/testing-your-client.md against a twin: pytest, Vitest and Go.

Each recipe starts its own twin on a free port. Checks first that the page shows the files as they are.
Exits non-zero on a failure.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHOWN = ["pytest/conftest.py", "pytest/test_client.py", "vitest/vitest.config.js", "vitest/twin.js",
         "vitest/client.test.js", "go/client_test.go"]
# The longest that one recipe may take in seconds.
PATIENCE = 900


def check_page():
    page = (ROOT / "docs/testing-your-client.md").read_text()
    for name in SHOWN:
        text = (HERE / name).read_text()
        assert text in page, f"docs/testing-your-client.md does not show {name} as it is"


def run(name, command, folder, environment):
    print(f"{name}: {' '.join(map(str, command))}", flush=True)
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=PATIENCE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--only", choices=["pytest", "vitest", "go"], nargs="*")
    options = parser.parse_args()
    check_page()
    environment = {
        **os.environ,
        "SAFELIGHT": str(Path(options.binary).resolve()),
        "PHOTO": str(ROOT / "photos/astronaut.png"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CI": "1",
    }
    work = ROOT / "target/recipes"
    for name in options.only or ["pytest", "vitest", "go"]:
        # What package managers write stays out of the sources.
        folder = work / name
        shutil.copytree(HERE / name, folder, dirs_exist_ok=True)
        if name == "pytest":
            python = folder / "venv/bin/python"
            if not python.exists():
                run(name, [sys.executable, "-m", "venv", folder / "venv"], folder, environment)
            install = [python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt"]
            run(name, install, folder, environment)
            run(name, [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"], folder, environment)
        elif name == "vitest":
            run(name, ["npm", "install", "--silent", "--no-audit", "--no-fund"], folder, environment)
            run(name, ["npx", "vitest", "run"], folder, environment)
        else:
            run(name, ["go", "test", "-count=1", "./..."], folder, environment)
    print("all recipes passed")


if __name__ == "__main__":
    main()
