// What the address says and is told: #step=12&w=W1[1,0], for links to a place in the page.
const readAddress = () => {
  const asked = new URLSearchParams(decodeURIComponent(location.hash.slice(1)).replaceAll("+", "%2B"));
  const view = asked.get("view"), by = asked.get("by"), pass = asked.get("pass");
  if (views.includes(view)) state.view = view;
  if (["operation", "neuron"].includes(by) && hasGraph && hasUnits) state.by = by;
  if (["forward", "backward"].includes(pass)) state.pass = pass;
  const name = asked.get("w");
  if (name !== null && isKnown(name)) state.pinned = name;
  for (const k of (asked.get("folds") ?? "").split(".").filter(Boolean)) if (folds[k]) folds[k].closed = !initially[k];
  const step = Number(asked.get("step"));
  if (asked.has("step") && Number.isFinite(step)) state.step = Math.max(0, Math.min(stepCount(), step));
};
const isKnown = (name) => named.has(name) || aliases.has(name) || parseWeight(name) !== null;
const tellAddress = () => {
  if (!["file:", "http:", "https:"].includes(location.protocol)) return;  // a frame has no address
  const told = { step: state.step, view: state.view, ...(hasGraph && hasUnits ? { by: state.by } : {}),
                 ...(forwards() ? { pass: "forward" } : {}), ...(state.pinned ? { w: state.pinned } : {}),
                 ...(changedFolds().length ? { folds: changedFolds().join(".") } : {}) };
  const hash = "#" + Object.entries(told).map(([key, value]) => `${key}=${value}`).join("&");
  if (decodeURIComponent(location.hash) !== hash) history.replaceState(null, "", hash);
};
