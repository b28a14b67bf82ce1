"""A report as a notebook's output: the page itself, in a frame as high as its content.

The page is packed: a notebook is saved, sent and kept under version control with every output in
it. It needs neither the files of the report nor a network.
"""

from __future__ import annotations

import base64
import gzip
from html import escape
from pathlib import Path

from ._result import heaviest_lines
from ._sizes import size_text

LINES = 5  # of the user's, told in words
LARGEST = 190_000  # bytes that the outputs of a cell add to the notebook
HEIGHT, HIGHEST = 640, 4000  # where nothing tells how high the page is; more is scrolled inside

# Runs in the frame: puts the page in its own place, and tells its height. What the page says about
# its scripts' hashes holds from then on.
UNPACK = """\
(async () => {
const bytes = Uint8Array.from(atob('PACKED'), (c) => c.charCodeAt(0));
const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
const page = await new Response(stream).text();
document.open(); document.write(page); document.close();
const root = document.documentElement;
const tell = () => parent.postMessage({ filHeight: root.getBoundingClientRect().height }, '*');
new ResizeObserver(tell).observe(root);
tell();
})();"""
# Runs beside it, once in a notebook: a frame is made as high as it says that it is.
FOLLOW = f"""\
if (!window.filFollows) {{
window.filFollows = true;
addEventListener('message', (event) => {{
const height = Math.min(Number(event.data && event.data.filHeight), {HIGHEST});
for (const frame of document.querySelectorAll('iframe.fil-graph'))
if (frame.contentWindow === event.source && height > 0) {{
frame.style.height = Math.ceil(height) + 'px';
frame.parentNode.querySelector('.fil-lines').hidden = true;
}}
}});
}}"""


def output(report: Path, peak: int, largest: int = LARGEST) -> dict[str, str]:
    """By type, for display(). The graph is in it if it takes at most so many bytes. Where nothing
    runs scripts (a notebook on a web page, say) the heaviest lines stand there in its place."""
    page = (report / "index.html").read_text(encoding="utf-8")
    packed = pack(page.encode())
    frame = frame_of(packed) if len(packed) <= largest else ""
    where = f"{report.parent.name}/{report.name}/index.html"
    lines = lines_text(page)
    text = f"Peak memory: {size_text(peak)}"
    words = f"{text}. Whole report: <code>{escape(where)}</code>"
    html = f'{frame}<pre class="fil-lines">{escape(lines)}</pre><p>{words}</p>'
    return {"text/plain": f"{text}\n{lines}".rstrip(), "text/html": f"<div>{html}</div>"}


def lines_text(page: str) -> str:
    return "\n".join(
        f"{size_text(size):>11}  {printable(frame.file)}:{frame.line} {printable(frame.function)}  "
        f"{printable(source.strip())[:80]}".rstrip()
        for size, frame, source in heaviest_lines(page, LINES)
    )


def printable(text: str) -> str:
    """What would vanish or turn the text around is spelled out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def pack(page: bytes) -> str:
    return base64.b64encode(gzip.compress(page, 9)).decode()


def frame_of(packed: str) -> str:
    document = f"<!DOCTYPE html><meta charset=utf-8><script>{UNPACK}</script>"
    return (
        f'<iframe class="fil-graph" srcdoc="{escape(document.replace("PACKED", packed))}" '
        f'title="memory at the peak" style="width: 100%; height: {HEIGHT}px; border: 0" '
        f'sandbox="allow-scripts allow-popups"></iframe><script>{FOLLOW}</script>'
    )
