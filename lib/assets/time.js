// The time strip: allocated and resident memory over the run, the peak marked; hover reads values.
// One line for each process when there are several; each line carries its name.

const STRIP_HEIGHT = 76;
const STRIP_TOP = 20;

class TimeStrip {
  constructor(at, facts) {
    this.at = at;
    this.facts = facts;
    this.series = facts.samples.filter((series) => series.points.length > 1);
    at.hidden = this.series.length === 0;
    if (at.hidden) return;
    new ResizeObserver(oncePerFrame(() => this.draw())).observe(at);
    at.addEventListener("pointermove", (event) => this.read(event));
    at.addEventListener("pointerleave", () => this.read(null));
  }

  draw() {
    const { facts, at } = this;
    const width = at.clientWidth;
    if (width === this.width) return;
    this.width = width;
    const points = this.series.flatMap((series) => series.points);
    this.end = Math.max(facts.duration, ...points.map((p) => p.t)) || 1;
    this.most = points.reduce((most, p) => Math.max(most, p.a, p.r), facts.peak) || 1;
    const svg = svgEl("svg", {
      width,
      height: STRIP_HEIGHT + STRIP_TOP + 18,
      role: "img",
      "aria-label": this.summary(),
    });
    const whole = this.series[0];
    const bottom = STRIP_TOP + STRIP_HEIGHT;
    svg.append(
      svgEl("path", {
        class: "area",
        d:
          this.path(whole, "a") +
          `L${this.x(last(whole).t)} ${bottom}L${this.x(whole.points[0].t)} ${bottom}Z`,
      }),
      svgEl("path", { class: "allocated", d: this.path(whole, "a") }),
      svgEl("path", { class: "resident", d: this.path(whole, "r") }),
      svgEl("line", { class: "axis", x1: 0, x2: width, y1: bottom, y2: bottom }),
    );
    for (const series of this.series.slice(1)) {
      svg.append(
        svgEl("path", { class: "process", d: this.path(series, "a") }),
        this.processName(series),
      );
    }
    svg.append(...this.axis(bottom), ...this.peakMark(bottom));
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

  // The ends of the axis, unless the peak stands there.
  axis(bottom) {
    const { facts, width } = this;
    const text = (x, anchor, words) =>
      svgEl("text", { class: "tick", x, y: bottom + 14, "text-anchor": anchor }, words);
    const peak = facts.peak > 0 ? this.x(facts.peak_seconds) : width / 2;
    const ticks = [];
    if (peak > 20) ticks.push(text(0, "start", "0"));
    if (peak < width - 55) ticks.push(text(width, "end", seconds(this.end)));
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
      svgEl("text", { class: "peak", ...where }, "peak"),
    ];
  }

  processName(series) {
    const top = series.points.reduce((a, b) => (b.a > a.a ? b : a));
    const x = this.x(top.t);
    const y = Math.max(this.y(top.a) - 4, STRIP_TOP - 6);
    const anchor = x > this.width * 0.7 ? "end" : "start";
    const name = visible(series.name || "process " + series.pid).slice(0, 40);
    return svgEl("text", { class: "process", x, y, "text-anchor": anchor }, name);
  }

  legend() {
    const key = (cls) =>
      svgEl(
        "svg",
        { class: "key", width: 18, height: 8, "aria-hidden": "true" },
        svgEl("path", { class: cls, d: "M0 4h18" }),
      );
    return [key("allocated"), "allocated ", key("resident"), "resident"];
  }

  summary() {
    const { facts } = this;
    const moment = `${seconds(facts.peak_seconds)} of ${seconds(this.end)}`;
    return `Memory over time: a peak of ${mib(facts.peak)} at ${moment}`;
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
    const [allocated, , resident] = this.legend();
    this.reading.replaceChildren(
      el("b", {}, seconds(point.t)),
      "  ",
      allocated,
      "allocated ",
      el("b", {}, point.a < 0 ? "not known" : mib(point.a)),
      "  ",
      resident,
      "resident ",
      el("b", {}, point.r < 0 ? "not known" : mib(point.r)),
    );
  }
}

function last(series) {
  return series.points[series.points.length - 1];
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
