// The reader's own lines, heaviest first: which of them held the peak. A click finds a line in the
// graph.

const LINES_SHOWN = 6;
const PLACE_CELLS = 44; // of file, line and function

function drawLines(at, model, find) {
  const { lines } = model;
  const whole = model.total[0];
  const most = lines.length > 0 ? lines[0].bytes : 1;
  const rows = lines.map((line) => lineRow(line, whole, most, find));
  const first = Math.max(1, lines.filter((line) => line.bytes >= MIB / 20).length);
  const shown = Math.min(first, LINES_SHOWN);
  const table = el("ol", { class: "lines" }, ...rows.slice(0, shown));
  at.replaceChildren(
    el("h2", {}, "Your lines that held the peak"),
    table,
    rows.length > shown ? moreButton(table, rows.slice(shown)) : "",
    restPart(lines, whole),
    ...model.facts.untouched.map(untouchedPart),
  );
}

function lineRow(line, whole, most, find) {
  const { bytes, file, function: name, source } = line;
  const number = line.line > 0 ? ":" + line.line : "";
  const title = `${visible(file)}${number} (${visible(name)})\n${count(bytes)} bytes`;
  const room = Math.max(PLACE_CELLS - cells(name) - number.length - 1, 16);
  const where = [bdi(cutPath(visible(file), room)), number + " ", bdi(name, "function")];
  const text = sourceText(source || "").trim();
  const button = el(
    "button",
    { type: "button", class: "line", title },
    el("span", { class: "bytes" }, mib(bytes)),
    el("span", { class: "bar" }, barOf(bytes / most)),
    el("span", { class: "share" }, percent(bytes, whole)),
    el("span", { class: "where" }, ...where),
    el("code", {}, bdi(text.slice(0, 300))),
  );
  button.addEventListener("click", () => find(line));
  return el("li", {}, button);
}

function barOf(share) {
  const look = { width: "100%", height: "100%", "aria-hidden": "true" };
  const width = Math.max(100 * share, 1) + "%";
  return svgEl("svg", look, svgEl("rect", { width, height: "100%" }));
}

function moreButton(table, rows) {
  const words = "show " + plural(rows.length, "more line", "more lines");
  const button = el("button", { type: "button", class: "more" }, words);
  button.addEventListener("click", () => {
    table.append(...rows);
    button.remove();
  });
  return button;
}

// What no line of the reader's accounts for.
function restPart(lines, whole) {
  const rest = lines.reduce((left, line) => left - line.bytes, whole);
  if (lines.length === 0) {
    const words =
      whole > 0
        ? "None of this memory was allocated below a line of your own code: see the graph."
        : "Nothing was allocated while it was recorded.";
    return el("p", { class: "quiet" }, words);
  }
  if (rest < whole / 1000) return "";
  const share = ` (${percent(rest, whole)}) not below any line of yours`;
  return el("p", { class: "quiet rest" }, size(rest), share);
}

// A large mapping that was hardly touched: counted, yet not what fills the machine.
function untouchedPart({ bytes, resident, file, line, function: name }) {
  const words = [size(bytes, "b"), " mapped at once, of which only ", size(resident, "b")];
  const place = [bdi(file), line > 0 ? ":" + line + " " : " ", bdi(name)];
  return el("p", { class: "quiet untouched" }, ...words, " was ever touched: ", ...place);
}
