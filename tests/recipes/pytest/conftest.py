import os
import subprocess

import httpx
import pytest


@pytest.fixture(scope="session")
def twin():
    """The URL of a twin that lives as long as the tests."""
    binary = os.environ.get("SAFELIGHT", "safelight")
    command = [binary, "serve", "--twin", "--listen", "127.0.0.1:0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    ready = next(line for line in server.stdout if line.startswith("Safelight is ready at "))
    yield ready.split()[4]
    server.terminate()
    server.wait()


@pytest.fixture
def api(twin):
    with httpx.Client(base_url=twin, headers={"ailabapi-api-key": "twin"}, timeout=60) as client:
        yield client
