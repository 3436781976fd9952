// The panel: what the step does, in formulas and in numbers. Text is always set as text.
const make = (tag, text = "", name = "") => {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
};
const line = (...parts) => {
  const p = make("p");
  p.append(...parts);
  return p;
};
const card = (...lines) => {
  const div = make("div", "", "card");
  div.append(...lines);
  return div;
};
const show = (x) => make("span", fmt(x, true), tone(x));
const boxName = (box) => data.boxes[box].name;

// A name that lights what it names, in the picture.
const light = (elements, on) => elements.forEach((element) => toggle(element, "lit", on));
const link = (text, elements) => {
  const span = make("bdi", text, "link");
  const lit = () => (typeof elements === "function" ? elements() : elements).filter(Boolean);
  span.onmouseenter = () => light(lit(), true);
  span.onmouseleave = () => light(all(".lit").filter((one) => one !== span), false);
  return span;
};
const boxLink = (box) => {
  const span = link(boxName(box), () => shownAs(box));
  span.dataset.box = box;
  return span;
};
for (const [kind, on] of [["mouseover", true], ["mouseout", false]]) {  // and the reverse: a box lights its names
  document.getElementById("canvas").addEventListener(kind, (event) => {
    const box = event.target.closest('[data-part="box"]');
    if (box) light(all(`#step [data-box="${box.id.slice(1)}"]`), on);
  });
}

// What stands for a box now: itself and its chips, or the fold that it is in.
const shownAs = (box) => {
  const fold = hiddenIn(box);
  return fold ? [fold.element] : [boxElements[box], ...seen.nodes.filter((node) => node.chip === box).map((node) => node.element)];
};
const spokenOf = (active) => {  // what a step speaks of, as it is drawn: the chip that is near, not the leaf that is far
  if (active === null) return [];
  const fold = hiddenIn(active), main = fold ? fold.element : boxElements[active];
  const arrows = seen.arrows.filter((arrow) => { const node = seen.nodes[arrow.target]; return fold ? node.fold === fold : node.box === active; });
  const near = arrows.map((arrow) => seen.nodes[arrow.source]);
  return [main, ...near.map((node) => node.element ?? node.fold?.element ?? boxElements[node.box]),
          ...arrows.map((arrow) => arrow.label?.querySelector("rect"))];
};

// --- a local partial: as a formula, then with numbers -------------------------------------
const filled = (template, fill) => template.split(/(⟨[0-9=]⟩)/).map((piece) =>
  (/^⟨[0-9=]⟩$/.test(piece) ? fill(piece[1]) : piece));
const operandBoxes = (target) => {
  const found = {};
  below[target].forEach((k) => { if (edges[k].slot >= 0) found[edges[k].slot] = edges[k].source; });
  return found;
};
const partialLine = (edge) => {
  const box = data.boxes[edge.target];
  const formula = box.formula === null || edge.slot < 0 ? null : data.formulas[box.formula][edge.slot];
  if (!formula || box.node === null || !ruleOf[box.node]) return null;
  const sources = operandBoxes(edge.target), rule = ruleOf[box.node];
  const x = [...gather(box.node, numbersNow().values)], out = numbersNow().values[box.node];
  const local = localOf(edge);
  if (Object.keys(sources).length < x.length && /⟨[0-9]⟩/.test(formula[0])
      && filled(formula[0], (name) => name).some((name) => /^\d$/.test(name) && sources[name] === undefined)) return null;
  let texts, again;
  for (const digits of [3, 4, 5, 6, 7, 9, 12, 17]) {
    texts = { "=": figure(out, digits), ...x.map((number) => figure(number, digits)) };
    const read = x.map((_, k) => reading(texts[k]));
    again = (rule.textbook ?? rule.partials)(read, reading(texts["="]))[rule.textbook ? 0 : edge.slot];
    if (!Number.isFinite(local) || again.toPrecision(3) === local.toPrecision(3)) break;
  }
  const lone = /^⟨[0-9=]⟩$/.test(formula[0]);
  const place = (name) => (name === "=" ? edge.target : sources[name]);
  const names = filled(formula[0], (name) => (lone ? boxLink(place(name)) : around(boxLink(place(name)))));
  const numbers = filled(formula[0], (name) => bracketed(texts[name])).join("");
  const exact = [...x, out].every((number) => relation(number, fmt(number)) === "=");
  const p = line("∂", around(boxLink(edge.target)), "/∂", around(boxLink(edge.source)), " = ", ...names);
  if (!lone) p.append(` ${exact ? "=" : "≈"} ${numbers}`);
  p.append(" ", relation(lone ? local : again, fmt(local)), " ", show(local));
  const latex = filled(formula[1], (name) => (lone ? boxName(place(name)) : enclosed(boxName(place(name))))).join("");
  p.append(copier(latex));
  return p;
};
const isWhole = (text) => {  // a name, or a function of something, as a bracket closes at the end alone
  const head = /^[\p{L}_][\p{L}\p{N}_]*(\[[\d,]+\])?/u.exec(text)?.[0];
  if (head === undefined || text[head.length] !== "(") return head === text;
  let depth = 0;
  return [...text].every((letter, k) => {
    depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
    return depth > 0 || k < head.length || k === text.length - 1;
  });
};
const enclosed = (text) => (isWhole(text) ? text : `(${text})`);
const around = (name) => {  // in brackets, unless it is one name
  if (isWhole(name.textContent)) return name;
  const whole = make("span", "(");
  whole.append(name, ")");
  return whole;
};
const copier = (latex) => {
  const button = make("button", "", "copy");
  button.setAttribute("aria-label", "copy as LaTeX");
  button.type = "button";
  button.title = "copy as LaTeX";
  button.onclick = () => {
    const area = make("textarea", latex);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.classList.add("copied");
  };
  return button;
};

// --- the line of the user's code that made a node -----------------------------------------
const codeOf = (box) => {
  const at = data.made?.[box] ?? null;
  if (at === null) return [];
  const [where, text] = data.code[at], p = line(make("span", where, "muted"), " ", make("code", text));
  p.className = "code";
  return [p];
};

// --- a step by operation ------------------------------------------------------------------
const backwardStep = (swept) => {
  if (swept.active === null) {
    return [line("The pass starts at ", boxLink(rootBox), ": its gradient by itself is ", make("b", "1"), ".")];
  }
  const head = line(make("b", ""), make("span", ` (${data.boxes[swept.active].symbol})`, "muted"), " has grad ",
                    show(swept.totals[swept.active]),
                    swept.passed.length ? " and passes it on:" : ", and passes nothing on.");
  head.firstChild.append(boxLink(swept.active));
  const alone = swept.passed.filter((one) => !hiddenIn(one.source));
  const together = new Map();
  for (const one of swept.passed) {
    const fold = hiddenIn(one.source);
    if (fold) together.set(fold, [...(together.get(fold) ?? []), one]);
  }
  const cards = [...together].map(([fold, ones]) => (ones.length === 1 ? contributionCard(ones[0]) : card(line(foldLink(fold)),
    line(make("span", `${ones.length} contributions ⇒ `, "muted"), show(ones.reduce((sum, { contribution }) => sum + contribution, 0))))));
  return [head, ...codeOf(swept.active), ...alone.map(contributionCard), ...cards];
};
const contributionCard = (one) => {
  const { left, right, sign } = product(one.local, one.upstream, one.contribution);
  const name = line(link(boxName(one.source), () => [...shownAs(one.source), edgeElements[one.edge]]));
  name.firstChild.style.fontWeight = "700";
  const formula = partialLine(edges[one.edge]);
  const sum = line(`${left} `, make("span", "local", "muted"), ` × ${right} ${sign} `, show(one.contribution));
  const lines = formula ? [name, formula, sum] : [name, sum];
  if (one.already !== null) {
    lines.push(line(make("span", "already ", "muted"), fmt(one.already, true), make("span", ", so total ", "muted"), ...totalOf(one)));
  }
  return card(...lines);
};
const totalOf = ({ already, contribution, total }) => {  // with more digits where those that stand there do not add up to it
  const printed = reading(fmt(already)) + reading(fmt(contribution));
  if (!Number.isFinite(total) || relation(printed, fmt(total)) === "=") return [show(total)];
  if (agree(printed, total, [[already], [contribution]], [])) return ["≈ ", show(total)];
  return [arithmetic(total, [[already], [contribution]]).replace(/ \S+$/, " "), show(total)];
};
const forwardStep = () => {
  const box = activeBox();
  if (box === null) return [line("The leaves have their numbers. Each step computes one operation from what is left of it.")];
  const sources = below[box].map((k) => edges[k].source);
  const lines = sources.map((source) => line(boxLink(source), ` ${shown(valueOf(source) ?? NaN)}`))
    .filter((_, k) => valueOf(sources[k]) !== null);
  const { symbol, expression } = data.boxes[box];
  const formula = expression && expression !== boxName(box) ? ` = ${expression}` : "";
  return [line(boxLink(box), make("span", ` (${symbol})`, "muted"), " is computed from"), ...codeOf(box),
          card(...lines, line(boxLink(box), `${formula} ${shown(valueOf(box))}`))];
};

// --- a step into a closed fold: what all of it does ------------------------------------------
const foldLink = (fold) => link(fold.name, () => [fold.element]);
const foldStep = (fold, swept) => {
  const inFold = new Set(fold.members), side = forwards() ? forwardOrder : data.operations;
  const done = side.slice(0, state.step).filter((box) => inFold.has(box)).length;
  const head = line(make("b", ""), make("span", ` is folded: ${done} of its ${fold.operations} operations ${done === 1 ? "is" : "are"} done. `, "muted"));
  head.firstChild.append(foldLink(fold));
  const open = make("button", "open");
  open.type = "button";
  open.onclick = () => toggleFold(fold);
  if (forwards()) return [head, open];
  const flows = foldedFlows(fold, swept).sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
  const cards = flows.slice(0, WIDEST).map(({ source, sum, count }) => line(boxLink(source), " ⇒ ", show(sum),
    make("span", count > 1 ? `, ${count} contributions` : "", "muted")));
  if (flows.length > WIDEST) cards.push(line(make("span", `… ${flows.length - WIDEST} more`, "muted")));
  return [head, card(...(cards.length ? [line(make("span", "It has passed on", "muted")), ...cards] : [line(make("span", "Nothing has come out of it yet.", "muted"))])), open];
};

// --- a step by neuron -----------------------------------------------------------------------
const result = (text) => {  // "= +0.342": the number in the colour of its sign
  const sign = /^[=≈] [+−]/.test(text) ? (text[2] === "+" ? "positive" : "negative") : "";
  return sign ? [text.slice(0, 2), make("span", text.slice(2), sign)] : [text];
};
const derivation = (lines) => card(...lines.filter(Boolean).map((text, k) =>
  (k === lines.length - 1 ? line(...result(text)) : line(text))));
const inOneLine = (lines) => line(lines.slice(0, -1).join(" ") + " ", ...result(lines.at(-1)));
const unitLink = ({ layer, j }) => link(`Unit ${j} of layer ${layer}`, [$(`u${layer}-${j}`)]);
const neuronStep = () => {
  const unit = currentUnit(), net = networkNow();
  if (!unit) {
    return [line(forwards() ? "The inputs are given. Each step computes a unit from the layer before."
      : "The pass starts at the cost: ∂C/∂C = 1. The next step takes it to the last layer.")];
  }
  const head = line(make("b", ""));
  head.firstChild.append(unitLink(unit));
  if (forwards()) return [head, derivation(forwardLines(net, unit.layer, unit.j))];
  const found = [head, derivation(unitLines(net, unit.layer, unit.j))];
  const { W } = net.layers[unit.layer - 1], most = 8;
  const lines = W.slice(0, most).map((_, i) => inOneLine(weightLines(net, { ...unit, i })));
  if (W.length > most) lines.push(line(make("span", `… ${W.length - most} more`, "muted")));
  return [...found, line("and so its weights have"), card(...lines)];
};
const paintStep = (swept) => {
  const fold = state.view === "expression" ? foldAt(state.step) : null;
  const body = state.by === "neuron" ? neuronStep() : fold ? foldStep(fold, swept)
    : forwards() ? forwardStep() : backwardStep(swept);
  $("step").replaceChildren(make("h2", `Step ${state.step} of ${stepCount()}`), ...body);
};

// --- a number that is used in several places: its gradient is what they contribute ------------
const boxOfPlace = new Map(data.boxes.flatMap((box, k) => (box.leaf && box.node !== null ? [[box.node, k]] : [])));
const usesOf = (place) => {
  const box = boxOfPlace.get(place);
  if (box === undefined || above[box].length < 2) return [];
  const uses = above[box].map((k) => ({ k, flow: flowOf(k) })).filter(({ flow }) => flow !== null);
  const total = gradAfter(box), ranked_ = [...uses].sort((a, b) => Math.abs(b.flow) - Math.abs(a.flow)).slice(0, WIDEST);
  const sum = lastSigned(steps(`∂C/∂${boxName(box)}`, arithmetic(total, largest(uses.map(({ flow }) => [flow])))));
  const lines = ranked_.map(({ k, flow }) => line(link(`in ${boxName(edges[k].target)}`, () => [...shownAs(edges[k].target), edgeElements[k]]), " ⇒ ", show(flow)));
  if (uses.length > WIDEST) lines.push(line(make("span", `… ${uses.length - WIDEST} more places`, "muted")));
  return [card(line(make("span", `used in ${above[box].length} places; each contributes`, "muted")), ...lines,
               inOneLine(sum))];
};

// --- the number that is looked at -----------------------------------------------------------
const paintChosen = (reached) => {
  const chosen = state.hovered ?? state.pinned;
  if (document.activeElement !== $("choice")) $("choice").value = state.pinned ?? "";
  const place = chosen === null ? undefined : named.get(chosen) ?? aliases.get(chosen);
  paintKnob(chosen, place);
  if (chosen === null) {
    const words = "Point at a number, Tab to it, or name it here; a click or Enter pins it.";
    return $("weight").replaceChildren(line(make("span", words, "muted")));
  }
  const weight = parseWeight(chosen), net = networkNow();
  const value = weight ? net.layers[weight.layer - 1].W[weight.i][weight.j] : numbersNow().values[place];
  const where = weight ? `, unit ${weight.i} → unit ${weight.j}` : "";
  const head = line(make("b", chosen), ` ${shown(value)}`,
                    make("span", `${where}${state.pinned === chosen ? ", pinned" : ""}`, "muted"));
  if (!weight) return $("weight").replaceChildren(head, ...usesOf(place), ...movedCard(chosen));
  const lines = weightLines(net, weight), name = `δ${weight.layer}[${weight.j}]`;
  const gradient = net.layers[weight.layer - 1].dW?.[weight.i][weight.j];
  const body = reached.has(weight.layer + "," + weight.j)
    ? [derivation(unitLines(net, weight.layer, weight.j)), derivation(lines),
       line(make("span", advice(gradient), "muted"))]
    : [card(line(lines[0]), line(make("span", `not reached yet: the pass has not come to ${name}`, "muted")))];
  return $("weight").replaceChildren(head, ...body, ...movedCard(chosen));
};
