// The reader's own lines, heaviest first: which of them held the peak. A click finds a line in the
// graph.

const LINES_SHOWN = 6;

function drawLines(at, model, find) {
  const { lines } = model;
  const whole = model.total[0];
  const held = lines.reduce((sum, line) => sum + line.bytes, 0);
  const most = lines.length > 0 ? lines[0].bytes : 1;
  const rows = lines.map((line) => lineRow(line, whole, most, find));
  const table = el("ol", { class: "lines" }, ...rows.slice(0, LINES_SHOWN));
  const parts = [el("h2", {}, "Your lines that held the peak"), table];
  if (rows.length > LINES_SHOWN) parts.push(moreButton(table, rows));
  const rest = whole - held;
  if (lines.length === 0) {
    parts.push(el("p", { class: "quiet" }, whole > 0
      ? "None of this memory was allocated below a line of your own code: see the graph."
      : "Nothing was allocated while it was recorded."));
  } else if (rest >= whole / 1000) {
    parts.push(el("p", { class: "quiet rest" }, el("span", { class: "bytes", title: count(rest) + " bytes" }, mib(rest)),
      " (" + percent(rest, whole) + ") not below any line of yours"));
  }
  parts.push(...untouchedParts(model.facts.untouched));
  at.replaceChildren(...parts);
}

function lineRow(line, whole, most, find) {
  const button = el("button", { type: "button", class: "line",
    title: visible(line.file) + ":" + line.line + " (" + visible(line.function) + ")\n" + count(line.bytes) + " bytes" },
  el("span", { class: "bytes" }, mib(line.bytes)),
  el("span", { class: "bar" }, barOf(line.bytes / most)),
  el("span", { class: "share" }, percent(line.bytes, whole)),
  el("span", { class: "where" }, bdi(cutPath(visible(line.file), 40)), ":" + line.line + " ", bdi(line.function, "function")),
  el("code", {}, bdi(sourceText(line.source || "").trim().slice(0, 300))));
  button.addEventListener("click", () => find(line));
  return el("li", {}, button);
}

function barOf(share) {
  return svgEl("svg", { width: "100%", height: "100%", "aria-hidden": "true" },
    svgEl("rect", { width: Math.max(100 * share, 1) + "%", height: "100%" }));
}

function moreButton(table, rows) {
  const more = rows.length - LINES_SHOWN;
  const button = el("button", { type: "button", class: "more" }, "show " + plural(more, "more line", "more lines"));
  button.addEventListener("click", () => {
    table.append(...rows.slice(LINES_SHOWN));
    button.remove();
  });
  return button;
}

// Large mappings that were hardly touched: counted, yet not what fills the machine.
function untouchedParts(untouched) {
  return untouched.map((m) => el("p", { class: "quiet untouched" },
    el("b", { title: count(m.bytes) + " bytes" }, mib(m.bytes)), " mapped at once, of which only ",
    el("b", { title: count(m.resident) + " bytes" }, mib(m.resident)), " was ever touched: ",
    m.file ? bdi(m.file) : null, m.line > 0 ? ":" + m.line + " " : " ", m.function ? bdi(m.function) : null));
}
