// Paper: what is laid out for a window is laid out anew before it is printed, for a page of A4 or
// Letter upright, whose width nobody tells a script. (What is wider then stretches to the page.)

const PAPER_WIDTH = 690;

// `draw` is called with the width to draw for: that of paper, then null, for the window's again.
function onPaper(draw) {
  addEventListener("beforeprint", () => draw(PAPER_WIDTH));
  addEventListener("afterprint", () => draw(null));
}
