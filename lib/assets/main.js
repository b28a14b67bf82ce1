// The page: reads the model, draws its parts, and keeps the view (zoom, search, switches) in the
// address's fragment, so that a view can be sent.

function main() {
  const model = readModel(JSON.parse(byId("model").textContent));
  drawHead(byId("head"), model);
  drawNotes(byId("notes"), model.facts);
  new TimeStrip(byId("time"), model.facts);
  drawMapped(byId("mapped"), model);
  drawFoot(model);
  const graph = new GraphPart(model);
  byId("graph-part").hidden = model.total[0] === 0;
  drawLines(byId("lines"), model, (line) => graph.find(line));
  graph.restore();
}

class GraphPart {
  constructor(model) {
    this.model = model;
    this.views = new Map();
    this.state = readFragment("");
    this.tooltip = new Tooltip(byId("tooltip"));
    this.graph = new Flamegraph(byId("graph"), {
      zoom: (node) => this.zoomTo(node),
      hover: (node, event, box) => this.hover(node, event, box),
    });
    this.wireControls();
    addEventListener("hashchange", () => this.restore());
    addEventListener("keydown", (event) => this.globalKey(event));
    addEventListener("scroll", () => this.tooltip.hide(), { passive: true });
    drawHidden(byId("hidden"), model.hidden);
  }

  wireControls() {
    this.searchBox = byId("search");
    this.searchBox.addEventListener("input", () => this.change({ search: this.searchBox.value }));
    for (const name of ["source", "fold"]) {
      byId(name).addEventListener("change", (event) =>
        this.switchTo({ [name]: event.target.checked }),
      );
    }
    for (const name of ["callers", "leaves"]) {
      byId(name).addEventListener("change", () => this.switchTo({ leaves: name === "leaves" }));
    }
    byId("reset").addEventListener("click", () => this.reset());
  }

  // ---- the view for a state, made once

  viewFor({ leaves, fold }) {
    const name = (leaves ? "leaves" : "callers") + (fold ? " folded" : "");
    if (!this.views.has(name)) {
      let view;
      if (leaves) {
        const base = this.viewFor({ leaves: false, fold });
        view = leavesFirst(this.model, base);
        view.base = base;
      } else {
        view = callersFirst(this.model, fold);
      }
      this.views.set(name, layOut(view));
    }
    return this.views.get(name);
  }

  // ---- changing the state

  zoomTo(node) {
    this.change({ zoom: node });
    this.graph.at.focus({ preventScroll: true });
    if (this.graph.at.getBoundingClientRect().top < 0) byId("trail").scrollIntoView();
  }

  // Folding keeps the zoom where the node survives; turning the graph round starts anew.
  switchTo(change) {
    let zoom = "zoom" in change ? change.zoom : this.state.zoom;
    if (change.leaves !== undefined || (this.state.leaves && change.fold !== undefined)) zoom = 0;
    else if (change.fold !== undefined && zoom > 0) {
      const base = this.viewFor(this.state).at.indexOf(zoom);
      zoom = this.viewFor({ ...this.state, ...change }).at[base];
    }
    this.change({ ...change, zoom });
  }

  reset() {
    this.change({ zoom: 0, search: "" });
  }

  // From the table of lines: shows the line's boxes and how much they hold.
  find(line) {
    this.change({ zoom: 0, search: visible(line.file) + ":" + line.line });
    const row = Math.max(
      this.graph.firstRow((node) => this.graph.hits[node]),
      0,
    );
    byId("tools").scrollIntoView({ behavior: calm() ? "auto" : "smooth" });
    requestAnimationFrame(() => this.graph.tops[row] > innerHeight / 2 && this.graph.reveal(row));
  }

  change(change) {
    this.state = { ...this.state, ...change };
    writeFragment(this.state);
    this.draw();
  }

  restore() {
    this.state = readFragment(location.hash);
    this.draw();
  }

  draw() {
    const { model, state } = this;
    const view = this.viewFor(state);
    if (!(view.total[state.zoom] > 0)) state.zoom = 0;
    const found = search(model, state.search);
    const hits = hitsIn(model, view, found);
    this.tooltip.hide();
    this.graph.show(model, view, state.zoom, state.source, hits);
    drawTrail(byId("trail-path"), model, view, state.zoom, (node) => this.zoomTo(node));
    byId("found").textContent = found ? foundText(found, model.total[0]) : "";
    if (this.searchBox.value !== state.search) this.searchBox.value = state.search;
    byId("source").checked = state.source;
    byId("fold").checked = state.fold;
    byId(state.leaves ? "leaves" : "callers").checked = true;
    byId("reset").disabled = state.zoom === 0 && state.search === "";
  }

  // ---- pointer and keys

  hover(node, event, box) {
    if (node === null) return this.tooltip.hide();
    const at = box ? box.getBoundingClientRect() : null;
    const x = at ? Math.max(at.left, 0) : event.clientX;
    const y = at ? at.bottom - 16 : event.clientY;
    this.tooltip.show(this.model, this.graph.view, this.state.zoom, node, x, y);
    if (box) byId("said").textContent = this.tooltip.at.innerText;
  }

  globalKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const typing = event.target === this.searchBox;
    if (event.key === "Escape") {
      this.reset();
      if (typing) this.graph.at.focus({ preventScroll: true });
    } else if (event.key === "/" && !typing) {
      this.searchBox.focus();
      this.searchBox.select();
    } else if (event.key === "Enter" && typing) {
      const row = this.graph.firstRow((node) => this.graph.hits[node]);
      this.graph.at.focus({ preventScroll: true });
      if (row >= 0)
        this.graph.activate(this.graph.rows[row].nodes.find((node) => this.graph.hits[node]));
    } else {
      return;
    }
    event.preventDefault();
  }
}

function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function foundText(found, whole) {
  if (found.count === 0) return "nothing found";
  return (
    plural(found.count, "line", "lines") +
    " · " +
    mib(found.bytes) +
    " · " +
    percent(found.bytes, whole)
  );
}

function drawHidden(at, hidden) {
  at.textContent =
    hidden.callstacks > 0
      ? "not shown: " +
        plural(hidden.callstacks, "small callstack", "small callstacks") +
        ", " +
        mib(hidden.bytes)
      : "";
}

// The way back: the callers of the zoomed box, outermost first; a long way is shortened.
function drawTrail(at, model, view, zoom, go) {
  const way = [];
  for (let node = zoom; node > 0; node = view.parent[node]) way.push(node);
  way.push(0);
  way.reverse();
  const shown = way.length > 9 ? [...way.slice(0, 3), -1, ...way.slice(-5)] : way;
  at.replaceChildren(
    ...shown.flatMap((node, i) => {
      const separator = i > 0 ? [el("span", { class: "sep", "aria-hidden": "true" }, "›")] : [];
      if (node < 0) return [...separator, "…"];
      const label = labelOf(model, view, node);
      const text =
        node === 0
          ? "all"
          : label.name + (label.line ? " " + label.path.split("/").pop() + label.line : "");
      if (node === zoom)
        return [
          ...separator,
          el(
            "b",
            { "aria-current": "location" },
            el("bdi", {}, text),
            " ",
            el("span", { class: "quiet" }, mib(view.total[node])),
          ),
        ];
      const button = el("button", { type: "button" }, el("bdi", {}, text));
      button.addEventListener("click", () => go(node));
      return [...separator, button];
    }),
  );
}

main();
