// Which lines keep sparse memory: resident for the sake of few bytes, at the peak and when the data
// was gone.

function drawSparse(at, { facts }) {
  const { sparse, last_sparse, last_seconds } = facts.resident;
  at.hidden = !(sparse.bytes > 0 || last_sparse.bytes > 0);
  if (at.hidden) return;
  const words =
    "Pages of malloc\u2019s, and arenas of small objects, that are at most half full: they stay resident until " +
    "the few blocks on them go. What they lack to be full, at the lines whose blocks these are.";
  at.replaceChildren(
    el("h2", {}, "Your lines that keep half-empty memory"),
    el("p", { class: "quiet" }, words),
    ...sparseParts(sparse, " at the peak"),
    ...sparseParts(last_sparse, ` at ${seconds(last_seconds)}, when the data of the peak was gone`),
  );
}

function sparseParts({ bytes, lines, rest }, when) {
  if (bytes <= 0) return [];
  const most = Math.max(...lines.map((line) => line.bytes), 1);
  const parts = [
    el("h3", {}, size(bytes, "b"), when),
    el("ol", { class: "lines" }, ...lines.map((line) => sparseRow(line, bytes, most))),
  ];
  if (rest >= bytes / 1000) parts.push(el("p", { class: "quiet" }, size(rest), " below none of these lines"));
  return parts;
}

function sparseRow({ bytes, file, line, function: name, source }, whole, most) {
  const number = (line > 0 ? ":" + line : "") + " ";
  const where = [bdi(cutPath(visible(file), PLACE_CELLS)), number, bdi(name, "function")];
  const text = bdi(sourceText(source || "").trim().slice(0, 200));
  const cells = [...rowCells(bytes, whole, most), el("span", { class: "where" }, ...where), el("code", {}, text)];
  return el("li", {}, el("div", { class: "line" }, ...cells));
}
