"""The library that draws the charts, as one text without imports."""

from __future__ import annotations

from contextlib import suppress
from importlib import metadata

from vl_convert import javascript_bundle

from arbitrage.caches.cache_folder import own_folder
from arbitrage.documents.whole_file import write_whole

_DOOR = "window.vegaEmbed = vegaEmbed"


def chart_library() -> str:
    """Vega, Vega-Lite and Vega-Embed, kept in the cache: to make it takes seconds."""
    folder = own_folder("charts")
    if folder is None:
        return javascript_bundle(_DOOR)
    path = folder / f"vega-{metadata.version('vl-convert-python')}.js"
    with suppress(OSError, UnicodeDecodeError):
        if text := path.read_text(encoding="utf-8"):
            return text
    text = javascript_bundle(_DOOR)
    with suppress(OSError):  # it is made anew next time
        write_whole(path, text)
    return text
