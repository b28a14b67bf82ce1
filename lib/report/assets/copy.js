// Texts for the clipboard, and how they get there.

// The callstack that ends with a box, its outermost frame first; folds with all that they join.
function callstackText(model, view, node) {
  const way = [];
  for (let at = node; at > 0; at = view.parent[at]) way.push(at);
  if (!view.bases) way.reverse();
  const held = `${mib(view.total[node])} (${count(view.total[node])} bytes)`;
  const share = percent(view.total[node], view.total[0]);
  const lines = [`${held}, ${share} of ${mib(view.total[0])}`.replaceAll("\u00a0", " ")];
  for (const at of way) {
    const frames = isFold(view, at) ? chainOf(model, view, at) : [model.frames[view.frame[at]]];
    const again = isFold(view, at) ? "" : recursionText(model, view, at);
    for (const frame of frames) {
      lines.push(`  ${visible(frame.p)}${lineOf(frame)} (${visible(frame.f)})${again}`);
      if (frame.s) lines.push("    " + sourceText(frame.s).trim());
    }
  }
  return lines.join("\n") + "\n";
}

// Where a frame of a notebook may not use the clipboard, the old way still works.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = el("textarea", { class: "aside", readonly: true });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
