"""Where Chromium and node are, and how Chromium is started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

NODE_MODULES = Path(__file__).parents[2] / "web" / "node_modules"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# puppeteer adds its own list, background networking and updates off among them.
FLAGS = (
    "--no-sandbox",
    "--no-pings",
    "--no-proxy-server",
    "--no-default-browser-check",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-features=OptimizationGuideModelDownloading,CertificateTransparencyComponentUpdater",
)
# WebGL on the processor, for machines without a graphics card.
SOFTWARE_WEBGL_FLAGS = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")


class BrowserError(Exception):
    """The browser, the page or the driver reports a failure."""


class BrowserTimeoutError(BrowserError):
    """A request to the browser took longer than its limit."""


def find_chromium() -> str:
    """Return the Chromium that CHROME_BIN names, or else the first one on PATH.

    Raises BrowserError when there is none.
    """
    named = os.environ.get("CHROME_BIN")
    if named:
        found = shutil.which(named)
        if found is None:
            raise BrowserError(f"CHROME_BIN={named} is no program that can be run")
        return found
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    raise BrowserError("no Chromium found: install the package 'chromium' or set CHROME_BIN")


def find_node() -> str:
    found = shutil.which("node")
    if found is None:
        raise BrowserError("no node found: install the package 'nodejs', version 18 or newer")
    if not (NODE_MODULES / "puppeteer-core").is_dir():
        raise BrowserError("web/node_modules lacks puppeteer-core: run 'npm ci --prefix web'")
    return found


def resolver_rules(hosts: Mapping[str, str]) -> str:
    """Return the flag that leaves loopback and `hosts` (name -> address) to be reached."""
    rules = [f"MAP {name} {address}" for name, address in hosts.items()]
    rules.append("MAP * ~NOTFOUND")
    rules.extend(f"EXCLUDE {name}" for name in ("localhost", "*.localhost", "127.0.0.1", "[::1]"))
    return f"--host-resolver-rules={', '.join(rules)}"
