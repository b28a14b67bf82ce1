// The address's fragment, of the page and of the SVG: what is shown, as text after #.

function joinFragment(parts) {
  return parts.length > 0 ? "#" + parts.join("&") : "";
}

// With `step`, the browser's way back leads to what was shown before.
function writeFragment(hash, step) {
  if (hash === location.hash) return;
  const address = hash || location.pathname + location.search;
  try {
    if (step) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  } catch {
    // A sandboxed frame has no address of its own; the view works without.
  }
}
