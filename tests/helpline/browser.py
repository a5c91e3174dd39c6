"""A real browser without a screen or a network, to look at the pages we make; tests skip where there is none."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars",
    "--window-size=1000,1400",
)  # fmt: skip
_DARK = "--blink-settings=preferredColorScheme=0"


def chromium() -> str:
    """Where the browser is; skips without one."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("Chromium is not installed")
    return found


def open_page(page: bytes, folder: Path, *flags: str) -> str:
    """Load the page and give the document as it is then."""
    file = folder / "page.html"
    file.write_bytes(page)
    profile = folder / "profile"
    command = [chromium(), *_FLAGS, f"--user-data-dir={profile}", *flags, "--dump-dom", file.as_uri()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    shutil.rmtree(profile, ignore_errors=True)
    return ended.stdout


def requests(page: bytes, folder: Path) -> list[str]:
    """The addresses that the page asks for, as the browser's own log has them.

    What the browser asks for by itself, such as its updates, has no page for an initiator, and finds no name server.
    """
    log = folder / "net.json"
    open_page(page, folder, f"--log-net-log={log}")
    asked = [event.get("params", {}) for event in json.loads(log.read_bytes())["events"]]
    by_pages = [each for each in asked if each.get("initiator", "not an origin") != "not an origin"]
    return sorted({each["url"] for each in by_pages if "url" in each and not each["url"].startswith("file:")})


def complaints(page: bytes, folder: Path) -> list[str]:
    """What the browser says about the page in its console, such as what the page's own policy refused."""
    file = folder / "page.html"
    file.write_bytes(page)
    command = [chromium(), *_FLAGS, f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--v=0"]
    ended = subprocess.run(
        [*command, "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return [line for line in ended.stderr.splitlines() if "CONSOLE" in line]


def printed_pages(page: bytes, folder: Path) -> int:
    """How many sheets of paper it takes."""
    file, pdf = folder / "page.html", folder / "page.pdf"
    file.write_bytes(page)
    command = [chromium(), *_FLAGS, f"--user-data-dir={folder / 'profile'}", "--no-pdf-header-footer"]
    subprocess.run(
        [*command, f"--print-to-pdf={pdf}", file.as_uri()], capture_output=True, timeout=PATIENCE, check=True
    )
    return len(re.findall(rb"/Type /Page\b", pdf.read_bytes()))


def evaluated(page: bytes, folder: Path, script: str, *, dark: bool = False) -> Any:
    """What ``script``, an expression that may be a promise, gives in a copy of the page that may run scripts."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.decode())
    run = (
        "<script>Promise.resolve((()=>{return " + script + "})()).catch(e=>String(e)).then(v=>{"
        "const p=document.createElement('pre');p.id='answer';p.textContent=JSON.stringify(v);"
        "document.documentElement.append(p)})</script>"
    )
    copy = text.replace("</body>", run + "</body>").encode()
    document = open_page(copy, folder, "--virtual-time-budget=20000", *([_DARK] if dark else []))
    answer = re.search(r'<pre id="answer">(.*?)</pre>', document, re.DOTALL)
    assert answer is not None, document[-2000:]
    return json.loads(unescape(answer[1]))


def axe_source() -> str:
    """The script of axe-core; skips where it is not installed."""
    axe_core = pytest.importorskip("axe_core_python")
    return (Path(axe_core.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: bytes, folder: Path, *, dark: bool = False) -> list[str]:
    """What axe-core finds wrong with the page, by rule and place. Skips where axe-core is not installed."""
    with_axe = page.replace(b"</head>", f"<script>{axe_source()}</script></head>".encode())
    found = evaluated(
        with_axe,
        folder,
        "axe.run().then(r=>({passes:r.passes.length,bad:r.violations.map(v=>v.id+' '+v.nodes.map(n=>n.target+' '+"
        "n.failureSummary))}))",
        dark=dark,
    )
    assert isinstance(found, dict), found
    assert found["passes"] > 15  # it did look
    return list(found["bad"])
