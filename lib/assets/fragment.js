// The state of the graph as text after the address's #. Only what differs from the start is
// written: "#order=leaves&fold=0&source=0&zoom=12&search=read_csv".

function readFragment(hash) {
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const zoom = Number(values.get("zoom"));
  return {
    leaves: values.get("order") === "leaves",
    fold: values.get("fold") !== "0",
    source: values.get("source") !== "0",
    zoom: Number.isSafeInteger(zoom) && zoom > 0 ? zoom : 0,
    search: values.get("search") || "",
  };
}

function writeFragment(state) {
  const parts = [];
  if (state.leaves) parts.push("order=leaves");
  if (!state.fold) parts.push("fold=0");
  if (!state.source) parts.push("source=0");
  if (state.zoom > 0) parts.push("zoom=" + state.zoom);
  if (state.search) parts.push("search=" + encodeURIComponent(state.search));
  const hash = parts.length > 0 ? "#" + parts.join("&") : "";
  try {
    history.replaceState(null, "", hash || location.pathname + location.search);
  } catch {
    // A sandboxed frame has no address of its own; the view works without.
  }
}
