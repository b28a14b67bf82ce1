// The reader's own lines, heaviest first: which of them held the peak. A click shows a line's boxes
// in the graph; lines that import stand together in one row, which opens.

const LINES_SHOWN = 6;
const PLACE_CELLS = 44; // of file, line and function

function heldWhen(facts) {
  if (isPeak(facts)) return " that held the peak";
  return when(facts) === "now" ? " that hold memory now" : " that held memory when it ran out";
}

function drawLines(at, model, choose) {
  const whose = model.process ? ` of ${processText(model.process)}` : "";
  const whole = model.whole;
  const entries = gathered(model);
  const most = Math.max(...[...entries, ...model.threads].map(({ bytes }) => bytes), 1);
  const rowOf = (line) => lineRow(line, model, most, choose);
  const rowsOf = (entry) => (entry.line ? [rowOf(entry.line)] : importRows(entry, rowOf, whole, most));
  const first = Math.max(1, entries.filter(({ bytes }) => bytes >= MIB / 20).length);
  const shown = Math.min(first, LINES_SHOWN);
  const threads = model.threads.map((some) => threadsRow(some, whole, most, choose));
  const request = model.request.bytes > 0 && !model.process ? [requestRow(model, most, choose)] : [];
  const table = el("ol", { class: "lines" }, ...request, ...threads, ...entries.slice(0, shown).flatMap(rowsOf));
  at.replaceChildren(
    el("h2", {}, "Your lines" + whose + heldWhen(model.facts)),
    table,
    entries.length > shown ? moreButton(table, entries.slice(shown), rowsOf) : "",
    ...restParts(model),
    linesHint(model),
    ...(model.process ? [] : model.facts.untouched.map(untouchedPart)),
  );
}

// The rows' entries, heaviest first: a line each, but all that import in one, of which not all may be
// listed.
function gathered({ lines, imports }) {
  const entries = lines
    .filter((line) => !isImport(line))
    .map((line) => ({ line, bytes: line.bytes }));
  if (imports.lines > 0) {
    const listed = lines.filter(isImport);
    entries.splice(imports.place, 0, { listed, bytes: imports.bytes, count: imports.lines });
  }
  return entries;
}

function importRows({ listed, bytes, count: all }, rowOf, whole, most) {
  const words = "imports: " + mib(bytes) + " in " + count(all) + " lines ";
  const mark = el("span", { class: "mark", "aria-hidden": "true" });
  const button = el(
    "button",
    { type: "button", class: "line", "aria-expanded": "false", title: count(bytes) + " bytes" },
    ...rowCells(bytes, whole, most),
    el("span", { class: "where" }, words, mark),
  );
  const rows = listed.map(rowOf);
  if (all > listed.length) {
    const rest = bytes - listed.reduce((sum, line) => sum + line.bytes, 0);
    const text = " in " + plural(all - listed.length, "smaller one", "smaller ones");
    rows.push(el("li", { class: "quiet" }, size(rest), text));
  }
  for (const row of rows) {
    row.hidden = true;
    row.classList.add("inner");
  }
  button.addEventListener("click", () => {
    const open = rows[0].hidden;
    button.setAttribute("aria-expanded", open);
    for (const row of rows) row.hidden = !open;
  });
  return [el("li", {}, button), ...rows];
}

function rowCells(bytes, whole, most) {
  return [
    el("span", { class: "bytes" }, mib(bytes)),
    el("span", { class: "bar" }, barOf(bytes / most)),
    el("span", { class: "share" }, percent(bytes, whole)),
  ];
}

// What a library's own threads took: no line asked for it, so it stands before the lines, hatched.
function threadsRow(some, whole, most, choose) {
  const cells = rowCells(some.bytes, whole, most);
  const after = ", for any later line";
  return hatchedRow(some, cells, threadsText(some) + ", started at ", after, () => choose(some));
}

// What was asked for and not there: nobody holds it.
function requestRow({ request, lines, whole }, most, choose) {
  const line = lines.find(({ frame }) => frame === request.frame);
  const [bytes, bar] = rowCells(request.bytes, whole, Math.max(most, request.bytes));
  const cells = [bytes, bar, el("span", { class: "share" })];
  return hatchedRow(request, cells, "asked for, and not there: ", "", line && (() => choose(line)));
}

function hatchedRow(row, cells, before, after, act) {
  const { bytes, file, line, function: name } = row;
  const number = line > 0 ? ":" + line : "";
  const title = `${before}${visible(file)}${number} (${visible(name)})\n${count(bytes)} bytes`;
  const words = el("span", { class: "by" }, before, bdi(cutPath(visible(file), PLACE_CELLS)), number + after);
  const button = el("button", { type: "button", class: "line", title, disabled: !act }, ...cells, words);
  if (act) button.addEventListener("click", act);
  return el("li", { class: "hatched" }, button);
}

function linesHint({ hint }) {
  return hint ? el("p", { class: "quiet" }, hint) : "";
}

function lineRow(line, model, most, choose) {
  const { bytes, file, function: name, source } = line;
  const number = line.line > 0 ? ":" + line.line : "";
  const more = [moreText(line).trim(), line.guessed].filter(Boolean).join(", ");
  const title =
    `${visible(file)}${number} (${visible(name)})\n${count(bytes)} bytes` +
    (more ? `, ${count(heldBy(line))} with ${calleesText(line)}` : "");
  const room = Math.max(PLACE_CELLS - cells(name) - number.length - 1, 16);
  const where = [bdi(cutPath(visible(file), room)), number + " ", bdi(name, "function")];
  const text = sourceText(source || "").trim();
  const button = el(
    "button",
    { type: "button", class: "line", title },
    ...rowCells(bytes, model.whole, most),
    el("span", { class: "where" }, ...where),
    el("code", {}, more ? el("span", { class: "with" }, more + " ") : "", bdi(text.slice(0, 300))),
  );
  button.addEventListener("click", () => choose(line));
  return el("li", {}, button);
}

function barOf(share) {
  const look = { width: "100%", height: "100%", "aria-hidden": "true" };
  const width = Math.max(100 * share, 1) + "%";
  return svgEl("svg", look, svgEl("rect", { width, height: "100%" }));
}

function moreButton(table, entries, rowsOf) {
  const words = "show " + plural(entries.length, "more line", "more lines");
  const button = el("button", { type: "button", class: "more" }, words);
  button.addEventListener("click", () => {
    table.append(...entries.flatMap(rowsOf));
    button.remove();
  });
  return button;
}

// What no listed line accounts for.
function restParts(model) {
  const { lines, threads, smallThreads, smallLines, others, compiling, whole, hidden, process } = model;
  if (lines.length + threads.length === 0 && smallThreads + compiling.bytes === 0) {
    const words =
      whole > 0
        ? "None of this memory was allocated below a line of your own code: see the graph."
        : "Nothing was allocated while it was recorded.";
    return [el("p", { class: "quiet" }, words)];
  }
  const part = (bytes, words) =>
    el("p", { class: "quiet rest" }, size(bytes), ` (${percent(bytes, whole)}) `, words);
  const parts = [];
  if (smallLines.lines > 0) {
    const number = plural(smallLines.lines, "more line", "more lines");
    parts.push(part(smallLines.bytes, `in ${number} of yours, small ones`));
  }
  if (smallThreads >= whole / 1000) parts.push(part(smallThreads, "in threads of libraries"));
  if (process && hidden.bytes >= whole / 1000) parts.push(part(hidden.bytes, "in small callstacks"));
  if (compiling.bytes >= whole / 1000) parts.push(part(compiling.bytes, bdi(compiling.function)));
  const rest = others - (compiling.bytes >= whole / 1000 ? compiling.bytes : 0);
  if (rest >= whole / 1000) parts.push(part(rest, "not below any line of yours"));
  return parts;
}

// A large mapping that was hardly touched: counted, yet not what fills the machine.
function untouchedPart({ bytes, resident, file, line, function: name }) {
  const words = [size(bytes, "b"), " mapped at once, of which only ", size(resident, "b")];
  const place = [bdi(file), line > 0 ? ":" + line + " " : " ", bdi(name)];
  return el("p", { class: "quiet untouched" }, ...words, " was ever touched: ", ...place);
}
