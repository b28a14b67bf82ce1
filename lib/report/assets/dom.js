// Elements by function call. Text only ever becomes a text node, so nothing a program is called can
// be markup.

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  setAttributes(node, attributes);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function svgEl(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(node, attributes);
  node.append(...children);
  return node;
}

function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
}

// Text of the program's: isolated, so that right-to-left letters do not reorder what stands around,
// and read from the left as paths and code are.
function bdi(text, cls) {
  return el("bdi", { class: cls, dir: "ltr" }, visible(text));
}

// "648.5 MiB"; the exact bytes are one hover away.
function size(bytes, tag = "span", cls) {
  return el(tag, { class: cls, title: count(bytes) + " bytes" }, mib(bytes));
}

function byId(id) {
  return document.getElementById(id);
}

// One call of `draw` before the next frame, however often it is asked for.
function oncePerFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}
