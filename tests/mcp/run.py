"""The Model Context Protocol, spoken by its official Python client: `safelight mcp` and `/mcp` of a twin,
each in the newest revision and in those with a handshake.

Prints a line for each story and `N passed, N failed` at the end; exits non-zero on a failure.
"""

import argparse
import asyncio
import base64
import os
import struct
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

sys.dont_write_bytecode = True

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "photos/astronaut.png"
CUTOUT = "universal-background-removal"
LATER = "hd-universal-background-removal"
# Longest wait for an answer in seconds: a slow machine makes the stories slow, never wrong.
PATIENCE = 600


def size(png):
    """Width and height of a PNG."""
    assert png.startswith(b"\x89PNG"), png[:8]
    return struct.unpack(">II", png[16:24])


def encoded():
    return base64.b64encode(PHOTO.read_bytes()).decode()


async def tools_are_declared(client, _):
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"list_services", "describe_service", "run_service"}, tools
    for tool in tools.values():
        assert tool.description and tool.input_schema["type"] == "object", tool


async def services_are_found_and_described(client, local):
    found = (await client.call_tool("list_services", {"query": "food"})).structured_content
    assert [row["service"] for row in found["services"]] == ["food-background-removal"], found
    described = (await client.call_tool("describe_service", {"service": CUTOUT})).structured_content
    names = described["files"][0]["parameters"]
    assert ("image_path" in names) == local and "image_base64" in names, names
    assert "return_form" in described["parameters"], described


async def a_picture_comes_back_as_content(client, _):
    arguments = {"service": CUTOUT, "parameters": {"image_base64": encoded()}}
    result = await client.call_tool("run_service", arguments)
    assert not result.is_error, result
    pictures = [part for part in result.content if part.type == "image"]
    assert [picture.mime_type for picture in pictures] == ["image/png"], pictures
    assert size(base64.b64decode(pictures[0].data)) == (512, 512)


async def a_task_reports_progress(client, local):
    """Over HTTP the twin takes its time; the local one answers at once."""
    heard = []

    async def listen(progress, total, message):
        heard.append(progress)

    arguments = {"service": LATER, "parameters": {"image_base64": encoded()}}
    result = await client.call_tool("run_service", arguments, progress_callback=listen)
    assert not result.is_error and result.structured_content["task_status"] == 2, result
    assert local or (heard and heard == sorted(heard)), heard


async def failures_are_said(client, _):
    result = await client.call_tool("run_service", {"service": CUTOUT})
    assert result.is_error and result.structured_content["code"] == "MISSING_PARAMETERS", result
    result = await client.call_tool("run_service", {"service": "magic"})
    assert result.is_error and "magic" in result.content[0].text, result


async def files_are_read_and_written(client, local):
    with tempfile.TemporaryDirectory() as folder:
        arguments = {"service": CUTOUT, "parameters": {"image_path": str(PHOTO)},
                     "output_folder": folder}
        result = await client.call_tool("run_service", arguments)
        assert result.is_error != local, result
        if local:
            path = Path(result.structured_content["data"]["image_url"])
            assert path.parent == Path(folder) and size(path.read_bytes()) == (512, 512), path


STORIES = [tools_are_declared, services_are_found_and_described, a_picture_comes_back_as_content,
           a_task_reports_progress, failures_are_said, files_are_read_and_written]


async def tell(name, connect, local, counts):
    for story in STORIES:
        try:
            async with asyncio.timeout(PATIENCE), connect(story) as client:
                await story(client, local)
            counts[0] += 1
            print(f"ok    {name}: {story.__name__}", flush=True)
        except Exception:
            counts[1] += 1
            print(f"FAIL  {name}: {story.__name__}\n{traceback.format_exc()}", flush=True)


def over_stdio(binary, mode):
    words = ["mcp", "--set", "twin=true", "--set", "log.level=error"]
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("SAFELIGHT_")}
    server = StdioServerParameters(command=str(binary), args=words, env=environment)
    return lambda _: Client(server, mode=mode)


def over_http(url, mode):
    def connect(story):
        headers = {"authorization": "Bearer twin"}
        if story is a_task_reports_progress:
            headers["x-safelight-simulate"] = "task=slow; delay=1s"
        http = httpx2.AsyncClient(headers=headers, timeout=PATIENCE)
        return Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode)
    return connect


async def a_key_is_needed(url, counts):
    try:
        async with Client(f"{url}/mcp", read_timeout_seconds=30) as client:
            await client.list_tools()
    except BaseException:
        counts[0] += 1
        print("ok    HTTP: a_key_is_needed", flush=True)
    else:
        counts[1] += 1
        print("FAIL  HTTP: a_key_is_needed", flush=True)


async def stories(binary, url):
    counts = [0, 0]
    for mode in ["auto", "legacy"]:
        await tell(f"stdio {mode}", over_stdio(binary, mode), True, counts)
        await tell(f"HTTP {mode}", over_http(url, mode), False, counts)
    await a_key_is_needed(url, counts)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, required=True)
    binary = parser.parse_args().binary.resolve()
    command = [binary, "serve", "--twin", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as server:
        try:
            ready = next(line for line in server.stdout if line.startswith("Safelight is ready at "))
            passed, failed = asyncio.run(stories(binary, ready.split()[4]))
        finally:
            server.terminate()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
