/** One line of a plot. */
export interface Line {
  readonly name: string;
  readonly color: string;
  readonly dashed?: boolean;
  /** x in seconds from the start, y in the plot's unit; NaN breaks the line. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Plot {
  readonly title: string;
  readonly unit: string;
  readonly seconds: number;
  readonly lines: readonly Line[];
  /** Top of the y axis; from the data when absent. */
  readonly top?: number;
}

const width = 720;
const height = 240;
const left = 56;
const right = 12;
const topMargin = 12;
const bottom = 28;

/** A plot over time as SVG, with axes, grid and legend; nothing is loaded from elsewhere. */
export function drawPlot(plot: Plot): string {
  const top =
    plot.top ??
    niceCeiling(Math.max(0, ...plot.lines.flatMap(({ points }) => points.map(([, y]) => y || 0))));
  const x = (seconds: number): number =>
    left + (seconds / Math.max(1, plot.seconds)) * (width - left - right);
  const y = (value: number): number =>
    topMargin + (1 - Math.min(value, top) / top) * (height - topMargin - bottom);
  const rows = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * top).toFixed(1);
    return `<line class="grid" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/><text x="${left - 6}" y="${at}" dy="4" text-anchor="end">${format(share * top)}</text>`;
  });
  const columns = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = x(share * plot.seconds).toFixed(1);
    return `<text x="${at}" y="${height - 8}" text-anchor="middle">${format(share * plot.seconds)} s</text>`;
  });
  const lines = plot.lines.map(
    ({ points, color, dashed }) =>
      `<path d="${path(points, x, y)}" fill="none" stroke="${color}" stroke-width="1.8"${dashed === true ? ' stroke-dasharray="5 4"' : ""}/>`,
  );
  const legend = plot.lines.map(
    ({ name, color }) => `<span><i style="background:${color}"></i>${escape(name)}</span>`,
  );
  return `<figure><figcaption>${escape(plot.title)} <small>${escape(plot.unit)}</small></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(plot.title)}">${[...rows, ...columns, ...lines].join("")}</svg>
<div class="legend">${legend.join("")}</div></figure>`;
}

/** Text for HTML. */
export function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A number as short as its size allows. */
export function format(value: number): string {
  if (Number.isNaN(value)) return "-";
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return String(Number(value.toFixed(Math.abs(value) >= 1 ? 1 : 3)));
}

function path(
  points: readonly (readonly [number, number])[],
  x: (seconds: number) => number,
  y: (value: number) => number,
): string {
  let drawing = false;
  return points
    .map(([seconds, value]) => {
      if (Number.isNaN(value)) {
        drawing = false;
        return "";
      }
      const step = `${drawing ? "L" : "M"}${x(seconds).toFixed(1)} ${y(value).toFixed(1)}`;
      drawing = true;
      return step;
    })
    .join("");
}

/** The least of 1, 2, 2.5, 5 times a power of ten that is not below the value. */
function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((nice) => nice >= value) ?? 10 * power;
}
