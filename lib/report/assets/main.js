// The page: reads the model, draws its parts, and keeps the view (zoom, search, switches) in the
// address's fragment, so that a view can be sent.

function main() {
  for (const each of document.querySelectorAll(".scripted")) each.hidden = false;
  document.documentElement.classList.toggle("framed", window !== window.parent);
  const model = readModel(JSON.parse(byId("model").textContent));
  drawHead(byId("head"), model);
  drawNotes(byId("notes"), model.facts);
  new TimeStrip(byId("time"), model.facts);
  drawSparse(byId("sparse"), model);
  drawMapped(byId("mapped"), model);
  drawFoot(model);
  byId("graph-part").hidden = model.total[0] === 0;
  new GraphPart(model).restore();
}

const LEAST_ROOM = 28; // cells: what is narrower can hardly be read

class GraphPart {
  // `whole` is of all processes; what is shown may be the model of one of them.
  constructor(whole) {
    this.whole = whole;
    this.models = new Map([[0, whole]]); // by pid
    this.showModel(whole);
    this.processes = new ProcessTable(byId("processes"), whole, (pid) => this.only(pid));
    this.state = readFragment("");
    this.tooltip = new Tooltip(byId("tooltip"));
    this.graph = new Flamegraph(byId("graph"), {
      choose: (node, byKey) => this.choose(node, byKey),
      zoom: (node) => this.zoomTo(node),
      hover: (node, event, box) => this.hover(node, event, box),
      pin: (node) => this.pin(node),
    });
    this.wireControls();
    addEventListener("hashchange", () => this.restore());
    addEventListener("keydown", (event) => this.globalKey(event));
    addEventListener("scroll", () => this.tooltip.hide(), { passive: true });
  }

  // ---- which processes

  only(pid) {
    this.change({ pid: pid === this.state.pid ? 0 : pid, zoom: 0, open: [], line: -1 });
  }

  showModel(model) {
    if (this.model === model) return;
    this.model = model;
    this.views = new Map();
    drawHidden(byId("hidden"), model.hidden);
    drawLines(byId("lines"), model, (line) => this.find(line));
  }

  modelOf(pid) {
    const i = this.processes.addresses.indexOf(pid);
    if (i < 0 || !areSeveral(this.whole)) return this.whole;
    if (!this.models.has(pid)) this.models.set(pid, modelOfProcess(this.whole, i));
    return this.models.get(pid);
  }

  wireControls() {
    this.searchBox = byId("search");
    this.searchBox.addEventListener("input", () =>
      this.change({ search: this.searchBox.value, line: -1 }, false),
    );
    for (const name of ["source", "fold"]) {
      byId(name).addEventListener("change", (event) =>
        this.switchTo({ [name]: event.target.checked }),
      );
    }
    for (const name of ["callers", "leaves"]) {
      byId(name).addEventListener("change", () => this.switchTo({ leaves: name === "leaves" }));
    }
    const ways = waysToShow(this.whole);
    for (const by of ["each", "workers", "together"]) {
      byId("by-" + by).addEventListener("change", () => this.switchTo({ by: by === ways[0] ? "" : by }));
      byId("by-" + by).parentNode.hidden = !ways.includes(by);
    }
    byId("reset").addEventListener("click", () => this.reset());
  }

  // ---- the view for a state, made once

  viewFor({ leaves, fold, open, by }) {
    const name = [leaves, fold, by, ...open].join();
    if (!this.views.has(name)) {
      if (this.views.size > 20) this.views.clear(); // of folds that were opened one by one
      let view;
      if (leaves) {
        const base = this.viewFor({ leaves: false, fold, open, by });
        view = leavesFirst(this.model, base);
        view.base = base;
      } else {
        view = callersFirst(this.model, fold, new Set(open), by || waysToShow(this.whole)[0]);
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

  // A fold opens where it stands, below its caller as wide as the page if it could not be read
  // otherwise. Any other box becomes as wide as the page.
  choose(node, byKey) {
    const view = this.viewFor(this.state);
    if (!isFold(view, node)) return this.zoomTo(node);
    const open = [...new Set([...this.state.open, ...firstOf(view, node)])];
    const above = view.parent[node];
    let { zoom } = this.state;
    if (this.graph.roomOf(node) < LEAST_ROOM) {
      if (above > 0 && view.total[above] < 3 * view.total[node]) zoom = above;
      else if (!view.bases) zoom = node;
    }
    this.switchTo({ open }, zoom);
    const opened = sameNode(view, node, this.viewFor(this.state));
    if (byKey && opened > 0) this.graph.activate(opened);
  }

  // The zoom stays where its node survives.
  switchTo(change, zoom = this.state.zoom) {
    const view = this.viewFor(this.state);
    const other = this.viewFor({ ...this.state, ...change });
    const { scrollTop } = this.graph.at;
    this.change({ ...change, zoom: sameNode(view, zoom, other) });
    this.graph.at.scrollTop = scrollTop;
  }

  reset() {
    this.change({ zoom: 0, search: "", line: -1, open: [], pid: 0 });
  }

  // From the table of lines: marks the line's boxes, and zooms to where all of them are.
  find(line) {
    const state = { ...this.state, leaves: false, search: "", line: numberOfRow(this.model, line) };
    const view = this.viewFor(state);
    const hits = hitsIn(this.model, view, findLine(this.model, line));
    const boxes = [...hits.keys()].filter((node) => hits[node]);
    this.change({ ...state, zoom: boxes.length > 0 ? aboveAll(view, boxes) : 0 });
    this.graph.at.focus({ preventScroll: true });
    byId("tools").scrollIntoView({ behavior: calm() ? "auto" : "smooth" });
    this.graph.scrollTo(this.graph.firstRow((node) => this.graph.hits[node]));
  }

  change(change, step = true) {
    this.state = { ...this.state, ...change };
    writeFragment(fragmentOf(this.state), step);
    this.draw();
  }

  restore() {
    this.state = readFragment(location.hash);
    this.draw();
  }

  draw() {
    const { state } = this;
    this.showModel(this.modelOf(state.pid));
    const { model } = this;
    const view = this.viewFor(state);
    if (!(view.total[state.zoom] > 0)) state.zoom = 0;
    const line = rowAt(model, state.line);
    const found = line ? findLine(model, line) : search(model, state.search);
    const hits = hitsIn(model, view, found);
    this.tooltip.hide();
    this.graph.show(model, view, state.zoom, state.source, hits);
    drawTrail(byId("trail-path"), model, view, state.zoom, (node) => this.zoomTo(node));
    byId("found").textContent = found ? found.text : "";
    if (this.searchBox.value !== state.search) this.searchBox.value = state.search;
    byId("source").checked = state.source;
    byId("fold").checked = state.fold;
    byId(state.leaves ? "leaves" : "callers").checked = true;
    byId("by-" + (state.by || waysToShow(this.whole)[0])).checked = true;
    byId("by").hidden = !areSeveral(this.whole) || Boolean(model.process);
    this.processes.mark(model.process ? this.state.pid : 0);
    byId("reset").disabled =
      state.zoom === 0 &&
      state.search === "" &&
      state.line < 0 &&
      state.open.length === 0 &&
      !model.process;
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

  pin(node) {
    const { view } = this.graph;
    const texts = [["callstack", callstackText(this.model, view, node)]];
    const link = location.href.replace(/#.*/, "") + fragmentOf({ ...this.state, zoom: node });
    if (location.protocol !== "about:") texts.push(["link", link]); // of no use inside a notebook
    this.tooltip.pin(texts, () => this.graph.at.focus({ preventScroll: true }));
  }

  globalKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const typing = event.target === this.searchBox;
    if (event.key === "Escape" && this.tooltip.pinned) {
      this.tooltip.unpin();
    } else if (event.key === "p" && !typing && this.tooltip.node !== null) {
      this.pin(this.tooltip.node);
    } else if (event.key === "Escape") {
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

// Of one process it is not known how many callstacks these are.
function drawHidden(at, { callstacks, bytes }) {
  const many = callstacks === undefined ? "small callstacks" : plural(callstacks, "small callstack", "small callstacks");
  at.textContent = bytes > 0 ? "not shown: " + many + ", " + mib(bytes) : "";
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
          ? rootText(model)
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
