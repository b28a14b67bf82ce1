// The graph: one box for each visible node. Boxes exist only for rows near the window, placed by
// percentages; nothing is measured while drawing. What is higher than the graph's own height (a
// style) scrolls inside it, and the page goes on scrolling from its ends: no wheel or drag is taken.

const MOST_ELEMENTS = 9000;
const MOST_PRINTED = 200; // rows: a recursion would take hundreds of pages
const HEAT_LEVELS = 11; // as in palette.css: classes h0 to h11

class Flamegraph {
  // `at` is an empty element. `on` holds what to call: choose(node, by a key?) for a click,
  // zoom(node), hover(node, event, box), pin(node).
  constructor(at, on) {
    this.at = at;
    this.sheet = el("div", { class: "sheet" }); // as high as all rows together
    at.replaceChildren(this.sheet);
    this.on = on;
    this.rows = [];
    this.drawn = new Map(); // row number -> its element
    this.active = -1;
    this.nodes = new WeakMap(); // box -> node
    this.redraw = oncePerFrame(() => this.drawWindow());
    this.relayout = oncePerFrame(() => this.layRows());
    new ResizeObserver(() => {
      if (!this.paper && at.clientWidth !== this.width) this.relayout();
    }).observe(at);
    for (const scrolls of [window, at])
      scrolls.addEventListener("scroll", this.redraw, { passive: true });
    addEventListener("resize", this.redraw, { passive: true });
    onPaper((width) => {
      this.paper = width;
      if (this.view) this.layRows();
    });
    at.addEventListener("click", (event) => {
      const node = this.nodeOf(event.target);
      if (node !== null) on.choose(node, false);
    });
    at.addEventListener("contextmenu", (event) => {
      const node = this.nodeOf(event.target);
      if (node === null || event.shiftKey) return;
      event.preventDefault();
      on.hover(node, event);
      on.pin(node);
    });
    at.addEventListener("pointermove", (event) => on.hover(this.nodeOf(event.target), event));
    at.addEventListener("pointerleave", () => on.hover(null));
    at.addEventListener("keydown", (event) => this.key(event));
    at.addEventListener("blur", () => on.hover(null));
  }

  nodeOf(element) {
    const node = this.nodes.get(element);
    return node === undefined ? null : node;
  }

  // Shows `view` from node `zoom` down. `hits` marks found nodes; `source`: a second line of text.
  show(model, view, zoom, source, hits) {
    Object.assign(this, { model, view, zoom, source, hits, active: -1 });
    this.at.scrollTop = 0;
    this.layRows();
  }

  // Which nodes stand in which row, and how high each row is.
  layRows() {
    this.width = this.paper || this.at.clientWidth;
    const { cell, row, sourceRow } = measureFont(this.sheet);
    this.cell = cell;
    const { view, zoom, model } = this;
    const whole = view.total[zoom];
    this.least = (whole * 2) / Math.max(this.width, 1); // two pixels
    this.rows = [];
    this.tops = [];
    let top = 0;
    for (let depth = view.depth[zoom]; depth < view.levels.length; ++depth) {
      const nodes = nodesInside(view, depth, zoom, this.least);
      if (nodes.length === 0) break;
      const two = this.source && nodes.some((node) => this.hasSecondLine(node));
      this.rows.push({ nodes, two });
      this.tops.push(top);
      top += two ? sourceRow : row;
    }
    this.tops.push(top);
    const cut = this.paper ? this.rows.splice(MOST_PRINTED).length : 0;
    if (cut > 0) top = this.tops[MOST_PRINTED] + row;
    this.sheet.style.height = top + "px";
    this.clear();
    this.drawWindow();
    if (cut > 0) this.sheet.append(this.cutRow(cut));
  }

  hasSecondLine(node) {
    const { model, view } = this;
    return node > 0 && (isFold(view, node) || Boolean(model.frames[view.frame[node]].s));
  }

  clear() {
    this.sheet.replaceChildren();
    this.drawn.clear();
  }

  cutRow(rows) {
    const row = el("div", { class: "row quiet" }, plural(rows, "row", "rows") + " below, not printed");
    row.style.top = this.tops[MOST_PRINTED] + "px";
    return row;
  }

  // The first and the last row to draw: those in the window and a little around it. On paper there
  // is no window: all rows.
  window() {
    if (this.paper) return [0, this.rows.length - 1];
    const { scrollTop, clientHeight } = this.at;
    const { top } = this.at.getBoundingClientRect();
    const margin = innerHeight / 3;
    const end = Math.min(clientHeight, innerHeight - top);
    return [this.rowAt(scrollTop + Math.max(0, -top) - margin), this.rowAt(scrollTop + end + margin)];
  }

  drawWindow() {
    if (!this.view || this.rows.length === 0) return;
    const [from, to] = this.window();
    for (const [number, element] of this.drawn) {
      if (number < from || number > to) {
        element.remove();
        this.drawn.delete(number);
      }
    }
    const least = this.widthForBudget(from, to);
    const added = document.createDocumentFragment();
    let elements = this.sheet.getElementsByTagName("*").length;
    for (let number = from; number <= to && elements < MOST_ELEMENTS; ++number) {
      if (this.drawn.has(number)) continue;
      const row = this.drawRow(number, least);
      elements += 1 + row.childElementCount;
      this.drawn.set(number, row);
      added.append(row);
    }
    this.sheet.append(added);
  }

  rowAt(y) {
    let low = 0;
    let high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }

  // The narrowest box to draw, so that all rows from `from` to `to` stay below MOST_ELEMENTS.
  widthForBudget(from, to) {
    let least = this.least;
    for (;;) {
      let boxes = 0;
      for (let number = from; number <= to; ++number) {
        for (const node of this.rows[number].nodes) if (this.view.total[node] >= least) ++boxes;
      }
      if (boxes + (to - from) <= MOST_ELEMENTS * 0.9 || to === from) return least;
      if (least > this.view.total[this.zoom]) return least;
      least *= 1.5;
    }
  }

  drawRow(number, least) {
    const { nodes, two } = this.rows[number];
    const row = document.createElement("div");
    row.className = two ? "row two" : "row";
    row.style.top = this.tops[number] + "px";
    for (const node of nodes) if (this.view.total[node] >= least) row.append(this.drawBox(node, two));
    return row;
  }

  drawBox(node, two) {
    const { view, zoom } = this;
    const box = document.createElement("div");
    const share = view.total[node] / view.total[zoom];
    box.className = this.classOf(node);
    box.style.left = (100 * (view.x[node] - view.x[zoom])) / view.total[zoom] + "%";
    box.style.width = 100 * share + "%";
    const room = this.roomOf(node);
    if (room >= 2) box.textContent = this.textOf(node, room, two);
    this.nodes.set(box, node);
    return box;
  }

  // For text, in cells.
  roomOf(node) {
    const share = this.view.total[node] / this.view.total[this.zoom];
    return Math.floor((share * this.width - 11) / this.cell);
  }

  classOf(node) {
    const { view, model } = this;
    const heat = Math.round(HEAT_LEVELS * Math.sqrt(view.total[node] / view.total[0]));
    const user = node === 0 || isUser(model.frames[view.frame[node]]);
    const barred = (view.total[node] / view.total[this.zoom]) * this.width > 14;
    return (
      "box h" +
      heat +
      (user ? " user" : "") +
      (user && barred && node > 0 ? " barred" : "") +
      (node > 0 && model.frames[view.frame[node]].o === "process" ? " process" : "") +
      (this.hits[node] ? " hit" : "") +
      (node === this.active ? " active" : "")
    );
  }

  textOf(node, room, two) {
    const { model, view } = this;
    const whole = labelOf(model, view, node);
    const label = cutLabel(two && isFold(view, node) ? { ...whole, path: "" } : whole, room);
    const second = two && label !== "" ? secondLine(model, view, node, room) : "";
    return second === "" ? label : label + "\n" + second;
  }

  // ---- keys: up to the caller, down to the heaviest callee, left and right along the row

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && this.active >= 0) this.on.choose(this.active, true);
    else if (event.key === "Backspace") this.on.zoom(this.view.parent[this.zoom]);
    else if (event.key.startsWith("Arrow")) this.activate(this.neighbour(event.key.slice(5)));
    else return;
    event.preventDefault();
  }

  neighbour(direction) {
    const { view, zoom, active } = this;
    if (active < 0) return zoom;
    if (direction === "Up") return active === zoom ? zoom : view.parent[active];
    const number = view.depth[active] - view.depth[zoom];
    if (direction === "Down") {
      const below = this.rows[number + 1];
      return (below && below.nodes.find((node) => view.parent[node] === active)) ?? active;
    }
    const { nodes } = this.rows[number];
    const place = nodes.indexOf(active) + (direction === "Left" ? -1 : 1);
    return nodes[place] ?? active;
  }

  activate(node) {
    if (this.rows.length === 0) return;
    const before = this.boxOf(this.active);
    this.active = node;
    if (before) before.className = this.classOf(this.nodeOf(before));
    const number = this.view.depth[node] - this.view.depth[this.zoom];
    this.reveal(number);
    const box = this.boxOf(node);
    if (!box) return;
    box.className = this.classOf(node);
    this.on.hover(node, null, box);
  }

  boxOf(node) {
    if (node < 0) return null;
    const row = this.drawn.get(this.view.depth[node] - this.view.depth[this.zoom]);
    if (!row) return null;
    for (const box of row.children) if (this.nodes.get(box) === node) return box;
    return null;
  }

  // Scrolls the graph just far enough that a row can be seen in it.
  scrollTo(number) {
    const { at, tops } = this;
    if (!(number >= 0)) return;
    at.scrollTop = Math.min(at.scrollTop, tops[number]);
    at.scrollTop = Math.max(at.scrollTop, tops[number + 1] - at.clientHeight);
    this.drawWindow();
  }

  // And the page.
  reveal(number) {
    this.scrollTo(number);
    const above = this.at.getBoundingClientRect().top - this.at.scrollTop;
    const top = above + this.tops[number];
    const bottom = above + this.tops[number + 1];
    const bar = stickyHeight();
    if (top < bar) scrollBy(0, top - bar - 4);
    else if (bottom > innerHeight) scrollBy(0, bottom - innerHeight + 4);
    this.drawWindow();
  }

  // The row of the first node, from the top, that `wanted` accepts; -1 if none is drawn.
  firstRow(wanted) {
    return this.rows.findIndex(({ nodes }) => nodes.some(wanted));
  }
}

// Widths and heights come from the style sheet, read once for each layout.
function measureFont(at) {
  const probe = el("div", { class: "row two probe" }, el("div", { class: "box" }, "0".repeat(100)));
  const plain = el("div", { class: "row probe" });
  at.append(probe, plain);
  const range = document.createRange();
  range.selectNodeContents(probe.firstChild);
  const measured = {
    cell: range.getBoundingClientRect().width / 100 || 7,
    sourceRow: probe.offsetHeight,
    row: plain.offsetHeight,
  };
  probe.remove();
  plain.remove();
  return measured;
}

function stickyHeight() {
  const bar = document.querySelector(".tools");
  return bar && getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
}
