// The time strip: allocated and resident memory over the run, the peak marked; hover reads values.
// One line for each process when there are several; each line carries its name. Where memory ran out,
// the limit is a line across, and what was asked for in vain stands hatched on top of what there was.

const STRIP_HEIGHT = 76;
const STRIP_TOP = 20;
const REQUEST_WIDTH = 10;
const LIMITS_SHOWN = 8; // times what was in use; beyond, a line would leave no room for it
const NAME_CELL = 6.5; // width of a character of a process's name

class TimeStrip {
  constructor(at, facts) {
    this.at = at;
    this.facts = facts;
    this.series = facts.samples.filter((series) => series.points.length > 1);
    at.hidden = this.series.length === 0;
    if (at.hidden) return;
    if (facts.peak > 0) this.series[0] = throughPeak(this.series[0], facts);
    new ResizeObserver(oncePerFrame(() => this.draw())).observe(at);
    onPaper((width) => {
      this.paper = width;
      this.draw();
    });
    at.addEventListener("pointermove", (event) => this.read(event));
    at.addEventListener("pointerleave", () => this.read(null));
  }

  draw() {
    const { facts, at } = this;
    const width = this.paper || at.clientWidth;
    if (width === this.width) return;
    this.width = width;
    const points = this.series.flatMap((series) => series.points);
    this.end = Math.max(facts.duration, ...points.map((p) => p.t)) || 1;
    this.most = points.reduce((most, p) => Math.max(most, p.a, p.r), facts.peak) || 1;
    this.limit = facts.limit.bytes < LIMITS_SHOWN * this.most ? facts.limit.bytes : 0;
    const asked = Math.min(facts.request.bytes, this.most / 2); // what is larger goes to the top
    this.most = Math.max(this.most, this.limit, isPeak(facts) ? 0 : facts.peak + asked);
    const height = STRIP_HEIGHT + STRIP_TOP + (this.peakIsAtTheEnd() ? 34 : 18);
    const svg = svgEl("svg", {
      viewBox: `0 0 ${width} ${height}`, // the whole of it, however wide it is shown
      role: "img",
      "aria-label": this.summary(),
    });
    const whole = this.series[0];
    const bottom = STRIP_TOP + STRIP_HEIGHT;
    const { steps, words } = this.scale();
    svg.append(
      ...steps,
      svgEl("path", {
        class: "area",
        d:
          this.path(whole, "a") +
          `L${this.x(last(whole).t)} ${bottom}L${this.x(whole.points[0].t)} ${bottom}Z`,
      }),
      svgEl("path", { class: "allocated", d: this.path(whole, "a") }),
      svgEl("path", { class: "resident", d: this.path(whole, "r") }),
      svgEl("line", { class: "axis", x1: 0, x2: width, y1: bottom, y2: bottom }),
      ...words,
    );
    const processes = this.series.slice(1);
    svg.append(
      ...processes.map((one) => svgEl("path", { class: "process", d: this.path(one, "a") })),
      ...this.processNames(processes),
    );
    svg.append(...this.axis(bottom), ...this.requestBar(), ...this.peakMark(bottom), ...this.limitLine(), ...this.staysMark());
    this.cursor = svgEl("line", {
      class: "cursor",
      y1: STRIP_TOP,
      y2: bottom,
      visibility: "hidden",
    });
    svg.append(this.cursor);
    this.reading = el("p", { class: "reading" }, ...this.legend());
    at.replaceChildren(this.reading, svg);
  }

  x(t) {
    return Math.round(((10 * t) / this.end) * this.width) / 10;
  }

  y(bytes) {
    return Math.round(10 * (STRIP_TOP + STRIP_HEIGHT * (1 - bytes / this.most))) / 10;
  }

  // Samples that are not known (-1) leave a gap.
  path(series, key) {
    let d = "";
    let gap = true;
    for (const point of series.points) {
      if (point[key] >= 0) d += (gap ? "M" : "L") + this.x(point.t) + " " + this.y(point[key]);
      gap = point[key] < 0;
    }
    return d || "M0 0";
  }

  // Lines across at round sizes, each with its size at the left, where most programs hold least.
  scale() {
    const parts = { steps: [], words: [] };
    this.placed = [];
    const { bytes: unit, name } = unitOf(this.most);
    const step = roundStep(this.most / unit / 4.6);
    for (let n = step; n * unit <= this.most; n += step) {
      const y = this.y(n * unit);
      const text = n.toLocaleString("en-US", { maximumFractionDigits: 2 }) + "\u00a0" + name;
      const line = { class: "axis", x1: 0, x2: this.width, y1: y, y2: y };
      parts.steps.push(svgEl("line", line));
      parts.words.push(svgEl("text", { class: "tick over", x: 0, y: y + 4 }, text));
      this.placed.push({ x: 0, y: y + 4, width: NAME_CELL * cells(text) });
    }
    return parts;
  }

  peakIsAtTheEnd() {
    return this.facts.peak > 0 && this.x(this.facts.peak_seconds) > this.width - 60;
  }

  // The ends of the axis: no 0 where the peak stands, the end below it.
  axis(bottom) {
    const { facts, width } = this;
    const text = (x, y, anchor, words) =>
      svgEl("text", { class: "tick", x, y, "text-anchor": anchor }, words);
    const end = bottom + (this.peakIsAtTheEnd() ? 30 : 14);
    const ticks = [text(width, end, "end", seconds(this.end))];
    if (!(facts.peak > 0) || this.x(facts.peak_seconds) > 20) {
      ticks.push(text(0, bottom + 14, "start", "0"));
    }
    return ticks;
  }

  peakMark(bottom) {
    const { facts } = this;
    if (!(facts.peak > 0)) return [];
    const x = this.x(facts.peak_seconds);
    const right = x < this.width / 2;
    const y = this.y(facts.peak);
    const anchor = right ? "start" : "end";
    const where = { x: right ? x + 8 : x - 8, y: bottom + 15, "text-anchor": anchor };
    return [
      svgEl("line", { class: "peak", x1: x, x2: x, y1: y, y2: bottom + 3 }),
      svgEl("path", { class: "peak", d: `M${x} ${bottom + 2}l4.5 7h-9z` }),
      svgEl("circle", { class: "peak", cx: x, cy: y, r: 3 }),
      svgEl("text", { class: "peak", ...where }, isPeak(facts) ? "peak" : when(facts).replace("when ", "")),
    ];
  }

  requestBar() {
    const { bytes } = this.facts.request;
    if (!(bytes > 0)) return [];
    const lines = svgEl("path", { d: "M0 6l6-6M-1 1l2-2M5 7l2-2" });
    const pattern = { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse" };
    const x = Math.min(this.x(this.facts.peak_seconds), this.width - REQUEST_WIDTH);
    const y = Math.max(this.y(this.facts.peak + bytes), STRIP_TOP);
    const bar = { class: "request", x, y, width: REQUEST_WIDTH, height: this.y(this.facts.peak) - y };
    const title = svgEl("title", {}, mib(bytes) + " more were asked for");
    return [svgEl("defs", {}, svgEl("pattern", pattern, lines)), svgEl("rect", bar, title)];
  }

  // What stays resident when the data is gone, and who keeps most of it: the first.
  staysMark() {
    const { last_lines, last_seconds: t } = this.facts.resident;
    const stay = last_lines.filter(({ kind }) => /reserve|kept|copied|unk/.test(kind));
    const bytes = stay.reduce((n, line) => n + line.bytes, 0);
    if (bytes < this.most / 10) return [];
    const x = this.x(t);
    const y = this.y(sampleAt(this.series[0].points, t).r) - 4;
    const mostly = stay.length > 1 ? ", mostly" : "";
    const words = cutSource(`${mib(bytes)} stay${mostly}: ${stay[0].text}`, Math.floor(x / NAME_CELL));
    return [svgEl("text", { class: "tick over", x, y, "text-anchor": "end" }, words)];
  }

  limitLine() {
    const { name, bytes } = this.facts.limit;
    if (!(this.limit > 0)) return [];
    const y = this.y(bytes);
    const text = `limit ${mib(bytes)}: ${visible(name)}`;
    const words = { class: "limit", x: this.width / 2, y: y + 14, "text-anchor": "middle" };
    return [
      svgEl("line", { class: "limit", x1: 0, x2: this.width, y1: y, y2: y }),
      svgEl("text", words, cutSource(text, Math.floor(this.width / NAME_CELL))),
    ];
  }

  // At the top of each line, the highest first; what has no room for its name has none.
  processNames(processes) {
    const { placed } = this;
    const highest = (series) => series.points.reduce((a, b) => (b.a > a.a ? b : a));
    const tops = processes.map((series) => ({ series, top: highest(series) }));
    tops.sort((a, b) => b.top.a - a.top.a);
    return tops.flatMap(({ series, top }) => {
      const name = this.nameOf(series);
      const width = NAME_CELL * cells(name);
      const x = Math.min(this.x(top.t), this.width - width);
      const y = Math.max(this.y(top.a) - 4, STRIP_TOP - 6);
      const overlaps = (other) =>
        x < other.x + other.width + 8 && other.x < x + width + 8 && Math.abs(y - other.y) < 12;
      if (x < 0 || placed.some(overlaps)) return [];
      placed.push({ x, y, width });
      return [svgEl("text", { class: "process", x, y }, name)];
    });
  }

  nameOf({ name }) {
    return cutSource(name || "this process", 24);
  }

  // Nothing is said of resident memory that no sample knows.
  legend() {
    const known = this.series[0].points.some((point) => point.r > 0);
    const key = (cls) =>
      svgEl(
        "svg",
        { class: "key", width: 18, height: 8, "aria-hidden": "true" },
        svgEl("path", { class: cls, d: "M0 4h18" }),
      );
    const resident = known ? [key("resident"), "resident"] : [];
    return [key("allocated"), "allocated ", ...resident];
  }

  summary() {
    const { facts } = this;
    const moment = `${seconds(facts.peak_seconds)} of ${seconds(this.end)}`;
    const what = isPeak(facts) ? "a peak of " : when(facts).replace("when ", "") + " with ";
    return `Memory over time: ${what}${mib(facts.peak)} at ${moment}`;
  }

  read(event) {
    if (!this.cursor) return;
    if (!event) {
      this.cursor.setAttribute("visibility", "hidden");
      this.reading.replaceChildren(...this.legend());
      return;
    }
    const x = Math.min(
      Math.max(event.clientX - this.at.getBoundingClientRect().left, 0),
      this.width,
    );
    const t = (x / this.width) * this.end;
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    this.cursor.setAttribute("visibility", "visible");
    const point = sampleAt(this.series[0].points, t);
    const value = (bytes) => el("b", {}, bytes < 0 ? "not known" : mib(bytes));
    const [allocated, , ...resident] = this.legend();
    this.reading.replaceChildren(
      el("b", {}, seconds(point.t)),
      "  ",
      allocated,
      "allocated ",
      value(point.a),
      ...(resident.length > 0 ? ["  ", ...resident, " ", value(point.r)] : []),
    );
  }
}

function last(series) {
  return series.points[series.points.length - 1];
}

// The peak lies between two samples, and may be far above both.
function throughPeak(series, { peak, peak_seconds: t, resident, processes }) {
  const { points } = series;
  const known = resident && resident.total > 0 && processes.length === 0;
  const r = known ? resident.total : sampleAt(points, t).r;
  const later = points.findIndex((point) => point.t > t);
  const place = later < 0 ? points.length : later;
  const at = { t, a: peak, r };
  return { ...series, points: [...points.slice(0, place), at, ...points.slice(place)] };
}

// The sample nearest to a moment.
function sampleAt(points, t) {
  let low = 0;
  let high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle].t <= t) low = middle;
    else high = middle;
  }
  return t - points[low].t < points[high].t - t ? points[low] : points[high];
}

// As mib() chooses it.
function unitOf(bytes) {
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  let i = 0;
  for (let n = bytes; n >= (names[i] === "MiB" ? 10000 : 1024); n /= 1024) ++i;
  return { bytes: 1024 ** i, name: names[i] };
}

// The next of 1, 2, 2.5, 5, 10, 20, 25 ...
function roundStep(least) {
  for (let power = 10 ** Math.floor(Math.log10(least)); ; power *= 10) {
    for (const n of [1, 2, 2.5, 5]) if (n * power >= least) return n * power;
  }
}
