// Everything about one box: beside the pointer, beside the active box, or at the window's foot on a
// narrow screen. Pinned, it stays until it is closed, with buttons; whatever the graph shows by then.

class Tooltip {
  constructor(at) {
    this.at = at;
    this.node = null;
    this.pinned = false;
  }

  hide() {
    if (this.pinned) return;
    this.node = null;
    this.at.hidden = true;
  }

  // `texts` are what can be copied: [[what, text], ...]. `left` is called when it is closed.
  pin(texts, left) {
    if (this.pinned || this.at.hidden) return;
    this.pinned = true;
    this.left = left;
    const buttons = texts.map(([what, text]) => copyButton(what, text));
    const close = el("button", { type: "button" }, "close ", el("kbd", {}, "esc"));
    close.addEventListener("click", () => this.unpin());
    this.at.querySelector(".hint").replaceWith(el("p", { class: "pins" }, ...buttons, close));
    this.at.classList.add("pinned");
    this.at.setAttribute("role", "dialog");
    this.at.setAttribute("aria-label", "about a box");
    const { bottom } = this.at.getBoundingClientRect();
    if (bottom > innerHeight) this.at.style.top = Math.max(8, innerHeight - this.at.offsetHeight - 8) + "px";
    this.at.querySelector("button").focus({ preventScroll: true });
  }

  unpin() {
    this.pinned = false;
    this.at.classList.remove("pinned");
    this.at.setAttribute("role", "tooltip");
    this.at.removeAttribute("aria-label");
    this.hide();
    this.left();
  }

  // `x`, `y`: where the pointer is.
  show(model, view, zoom, node, x, y) {
    if (this.pinned) return;
    if (node !== this.node) {
      this.node = node;
      this.at.replaceChildren(...tooltipContent(model, view, node));
      this.at.hidden = false;
      this.size = this.at.getBoundingClientRect();
    }
    const { width, height } = this.size;
    const left = x + 16 + width < innerWidth ? x + 16 : Math.max(8, innerWidth - width - 8);
    const top = y + 20 + height < innerHeight ? y + 20 : Math.max(8, y - height - 12);
    this.at.style.left = left + "px";
    this.at.style.top = top + "px";
  }
}

function copyButton(what, text) {
  const button = el("button", { type: "button" }, "copy " + what);
  button.addEventListener("click", async () => {
    button.textContent = (await copyText(text)) ? what + " copied" : "cannot copy here";
  });
  return button;
}

function tooltipContent(model, view, node) {
  const parts = node === 0 ? [el("b", {}, rootText(model))] : tooltipName(model, view, node);
  const figures = [[count(view.total[node]) + " bytes", mib(view.total[node])]];
  figures.push([percent(view.total[node], view.total[0]), isPeak(model.facts) ? "of the peak" : "of all"]);
  const parent = view.parent[node];
  if (parent !== 0) {
    const above = view.bases ? "of the box above" : "of its caller";
    figures.push([percent(view.total[node], view.total[parent]), above]);
  }
  if (view.self[node] > 0 && view.self[node] < view.total[node] && !view.bases) {
    figures.push([mib(view.self[node]), "allocated here itself"]);
  }
  if (view.allocations[node] > 0) {
    figures.push([count(view.allocations[node]), "allocations so far"]);
  }
  parts.push(el("dl", {}, ...figures.flatMap(([a, b]) => [el("dt", {}, a), el("dd", {}, b)])));
  const click = isFold(view, node) ? "a click opens it \u00b7 " : "";
  parts.push(el("p", { class: "hint quiet" }, click, el("kbd", {}, "p"), " or right click pins this"));
  return parts;
}

function tooltipName(model, view, node) {
  if (isFold(view, node)) {
    const name = labelOf(model, view, node).name;
    return [el("b", {}, name), chainList(chainOf(model, view, node))];
  }
  const frame = model.frames[view.frame[node]];
  if (frame.o === "process") {
    const equals = equalsAt(view, node);
    const { processes } = model.facts;
    const own = equals < 0 ? ownPeakText(processes[model.processOf[view.frame[node]]]) : "";
    return [el("b", {}, labelOf(model, view, node).name), own && el("div", {}, own)];
  }
  const joined = view.joined[node];
  const how = ["frames that only call the next", "calls itself"][view.period[node]];
  const deep = `${how || "calls itself through others"}, up to ${count(joined)} deep`;
  const again = joined > 1 ? " · " + deep : "";
  const parts = [
    el("b", {}, bdi(frame.f || "no name known")),
    el("div", { class: "path" }, bdi(frame.p), lineOf(frame), again),
  ];
  if (frame.g) parts.push(el("div", { class: "path" }, "package ", bdi(frame.g)));
  if (frame.s) parts.push(sourceBlock(frame));
  if (frame.n) parts.push(el("div", {}, "The file is newer than the run."));
  return parts;
}

// The frames of a folded box; of a long chain, both ends.
function chainList(chain) {
  const item = (f) =>
    el("li", {}, bdi(f.f), " ", bdi(cutPath(visible(f.p), 48), "path"), lineOf(f));
  if (chain.length <= 12) return el("ol", {}, ...chain.map(item));
  const between = "… " + plural(chain.length - 11, "frame", "frames");
  const middle = el("li", { class: "path" }, between);
  return el("ol", {}, ...chain.slice(0, 6).map(item), middle, ...chain.slice(-5).map(item));
}

// The line with those around it, their common indentation removed.
function sourceBlock(frame) {
  const before = frame.b || [];
  const lines = [...before, frame.s, ...(frame.a || [])].map(sourceText);
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const indent = Math.min(...indents);
  const rows = lines.map((line, i) => {
    const here = i === before.length;
    const number = String(frame.l - before.length + i).padStart(5) + (here ? " ▸ " : "   ");
    const text = line.slice(indent, indent + 160) + "\n";
    return el(here ? "strong" : "span", {}, el("i", {}, number), text);
  });
  return el("pre", {}, ...rows);
}
