// The state of the graph as text after the address's #. Only what differs from the start is
// written: "#order=leaves&fold=0&source=0&by=together&pid=7&open=7.30&zoom=12&line=2&search=read_csv".
// `by` says how processes are shown, `pid` which of them alone. `open` are nodes of the model where an
// opened fold begins, `zoom` is a node of the view, `line` one of "Your lines".

function readFragment(hash) {
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const number = (text, otherwise) =>
    /^\d{1,9}$/.test(text || "") ? Number(text) : otherwise;
  return {
    leaves: values.get("order") === "leaves",
    fold: values.get("fold") !== "0",
    source: values.get("source") !== "0",
    by: ["each", "workers", "together"].includes(values.get("by")) ? values.get("by") : "",
    pid: number(values.get("pid"), 0),
    open: (values.get("open") || "").split(".").map((text) => number(text, 0)).filter((i) => i > 0),
    zoom: number(values.get("zoom"), 0),
    line: number(values.get("line"), -1),
    search: values.get("search") || "",
  };
}

function fragmentOf(state) {
  const parts = [];
  if (state.leaves) parts.push("order=leaves");
  if (!state.fold) parts.push("fold=0");
  if (!state.source) parts.push("source=0");
  if (state.by) parts.push("by=" + state.by);
  if (state.pid > 0) parts.push("pid=" + state.pid);
  if (state.open.length > 0) parts.push("open=" + state.open.join("."));
  if (state.zoom > 0) parts.push("zoom=" + state.zoom);
  if (state.line >= 0) parts.push("line=" + state.line);
  if (state.search) parts.push("search=" + encodeURIComponent(state.search));
  return joinFragment(parts);
}
