// Training as a film: the epochs that were recorded, their curves, and the plane of two inputs.
const film = data.film ?? null;
const plane = rows && places && places.inputs.length === 2 && places.layers.at(-1).a.length <= 2 ? $("plane") : null;
const shownEpoch = { at: null };
const LINES = ["--positive", "--negative", "--parameter_line", "--muted", "--active_line"];

// --- the curves -----------------------------------------------------------------------------
const curves = (svg, columns, { logarithmic }) => {  // each on one scale, by epoch
  svg.replaceChildren();
  const entries = Object.entries(columns).filter(([, column]) => column.length);
  const of = (x) => (logarithmic ? Math.log10(Math.max(x, 1e-12)) : x);
  const numbers = entries.flatMap(([, column]) => column.filter(Number.isFinite).map(of));
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  entries.forEach(([name, column], k) => {
    const points = column.map((x, t) => [6 + (288 * t) / Math.max(1, column.length - 1), 92 - (76 * (of(x) - least)) / (most - least || 1)]);
    draw(svg, "path", { d: "M" + points.map((p) => p.map((x) => x.toFixed(1)).join(" ")).join("L"),
      fill: "none", stroke: `var(${LINES[k % 5]})`, "stroke-width": 1.5 });
    const label = draw(svg, "text", { x: 8 + 72 * (k % 4), y: 11, "font-size": 11, fill: `var(${LINES[k % 5]})` }, name);
    label.dataset.column = name;
  });
  draw(svg, "path", { class: "cursor", d: "", stroke: "var(--muted)", "stroke-dasharray": "3 3" });
};
const paintFilm = () => {
  if (!film) return;
  const at = shownEpoch.at, frame = at === null ? null : film.frames[at];
  const epoch = frame ? frame.epoch : film.frames.at(-1).epoch;
  $("epoch").value = at ?? film.frames.length - 1;
  const share_ = film.frames.length > 1 ? ($("epoch").value / (film.frames.length - 1)) : 1;
  $("epoch").setAttribute("aria-valuetext", `epoch ${epoch}`);
  const shownNow = frame ?? film.frames.at(-1);
  const words = Object.entries(film.columns).filter(() => epoch > 0)
    .map(([name, column]) => `${name} ${shown(column[epoch - 1])}`);
  const dead = shownNow.dead.map((count, l) => (count ? `layer ${l + 1}: ${count}` : "")).filter(Boolean);
  $("epoch-words").replaceChildren(
    line(make("b", `epoch ${epoch}`), ` of ${film.frames.at(-1).epoch}`, words.length ? `: ${words.join(", ")}` : ""),
    line(make("span", `‖∂C/∂W‖ ${shownNow.norms.map((x) => fmt(x)).join(", ")}; `
      + (dead.length ? `dead units in ${dead.join(", ")}` : "no dead units"), "muted")));
  const x = [6 + 288 * ((epoch - 1) / Math.max(1, film.frames.at(-1).epoch - 1)), 6 + 288 * share_];
  [$("losses"), $("norms")].forEach((svg, k) =>
    svg.querySelector(".cursor")?.setAttribute("d", `M${Math.max(6, x[k]).toFixed(1)} 14V94`));
};
const showEpoch = (at) => {
  const frame = film.frames[at];
  let k = 0;
  shownEpoch.at = at;
  places.layers.forEach(({ W, b }) => [...W, b].forEach((row) => row.forEach((leaf) => {
    live.values[leaf] = Number(frame.parameters[k]);
    k += 1;
  })));
  places.rest.forEach((leaf) => {
    live.values[leaf] = Number(frame.parameters[k]);
    k += 1;
  });
  if (at === film.frames.length - 1) restore(); else compute();
  refresh();
};

// --- the plane of two inputs: what the outputs say at each point ------------------------------------
const SIDE = 40;
const extent = plane && [0, 1].map((axis) => {
  const column = rows.map((row) => row[tape.varying.indexOf(places.inputs[axis])]);
  const [low, high] = [Math.min(...column), Math.max(...column)], room = (high - low || 1) * 0.15;
  return [low - room, high + room];
});
const scoreAt = (values) => {
  const outputs = places.layers.at(-1).a.map((k) => values[k]);
  return outputs.length === 2 ? outputs[1] - outputs[0] : given.layers.at(-1).activation === "sigmoid" ? outputs[0] - 0.5 : outputs[0];
};
let painted = 0;
const paintPlane = () => {
  if (!plane || (state.training && performance.now() - painted < 150)) return;
  painted = performance.now();
  const context = plane.getContext("2d"), values = numbersNow().values.slice(), size = plane.width / SIDE;
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  place(rows[0], values);
  for (let r = 0; r < SIDE; r += 1) {
    for (let c = 0; c < SIDE; c += 1) {
      values[places.inputs[0]] = extent[0][0] + ((c + 0.5) / SIDE) * (extent[0][1] - extent[0][0]);
      values[places.inputs[1]] = extent[1][1] - ((r + 0.5) / SIDE) * (extent[1][1] - extent[1][0]);
      forward(values);
      const score = scoreAt(values);
      context.fillStyle = colour(`--r${shade(score / (1 + Math.abs(score)))}`);
      context.fillRect(c * size, r * size, size + 0.5, size + 0.5);
    }
  }
  const [ix, iy] = places.inputs.map((k) => tape.varying.indexOf(k)), label = tape.varying.length - 1;
  const rings = ringed();
  rows.forEach((row, k) => {
    const x = ((row[ix] - extent[0][0]) / (extent[0][1] - extent[0][0])) * plane.width;
    const y = ((extent[1][1] - row[iy]) / (extent[1][1] - extent[1][0])) * plane.height;
    context.beginPath();
    context.arc(x, y, rings.has(k) ? 5.5 : 3.2, 0, 2 * Math.PI);
    context.fillStyle = colour(row[label] > 0 ? "--positive" : "--negative");
    context.strokeStyle = colour(rings.has(k) ? "--active_line" : "--background");
    context.lineWidth = rings.has(k) ? 2.5 : 1;
    context.fill();
    context.stroke();
  });
};

// --- a traced weight: the examples that moved it ----------------------------------------------------
const movedBy = (name) => film?.moved?.[name] ?? film?.moved?.[nameOfPlace.get(placeNamed(name))] ?? null;
const placeNamed = (name) => named.get(name) ?? aliases.get(name);
const movedCard = (name) => {
  const moved = movedBy(name);
  if (!moved) return [];
  const lines = moved.examples.map(([k, part]) => line(`example ${k} `, show(part)));
  if (moved.rest[0]) lines.push(line(make("span", `${moved.rest[0]} others `, "muted"), show(moved.rest[1])));
  if (moved.remark) lines.push(line(make("span", moved.remark, "muted")));
  return [card(line(make("span", "the training moved it by ", "muted"), show(moved.change), make("span", "; of that", "muted")), ...lines)];
};
const ringed = () => new Set((movedBy(state.hovered ?? state.pinned)?.examples ?? []).map(([k]) => k));

$("film").hidden = !film;
if (plane) $("plane-section").hidden = false;
if (film) {
  $("epoch").max = film.frames.length - 1;
  $("epoch").oninput = (event) => { stopTraining(); trace.length = 0; showEpoch(Number(event.target.value)); };
  curves($("losses"), film.columns, { logarithmic: Object.values(film.columns).flat().every((x) => x > 0) });
  curves($("norms"), Object.fromEntries(places.layers.map((_, l) =>
    [`layer ${l + 1}`, film.frames.map((frame) => frame.norms[l])])), { logarithmic: true });
}
