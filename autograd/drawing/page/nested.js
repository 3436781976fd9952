// Open groups as boxes of their own: each is laid out by itself, and arrows come into it and go out
// of it by ports at its sides, so that nothing else lies in its frame. Groups that need each other
// cannot be apart: they are dissolved, and `graph.js` marks their boxes one by one.
const nested = (sizes, ends, { gap, room, paths, pad, frame }) => {
  const dissolved = new Set();
  const groupOf = (n, depth) => paths[n].filter((id) => !dissolved.has(id))[depth];
  const within = (members, depth, arrows) => {  // an arrow {k, from, to} has null for what lies outside
    for (;;) {
      const items = itemsOf(members, depth, arrows, groupOf);
      const { order, back } = inOrder(items.list, items.links);
      const torn = [...back].flatMap((a) => [items.links[a].source, items.links[a].target])
        .map((i) => items.list[i].group).filter((id) => id !== undefined);
      if (!torn.length) return composed(items, order, depth);
      torn.forEach((id) => dissolved.add(id));
    }
  };
  const composed = ({ list, links }, order, depth) => {
    const place = [];
    order.forEach((i, k) => { place[i] = k; });
    const sorted = order.map((i) => list[i]);
    for (const item of sorted) if (item.group !== undefined) item.inner = within(item.members, depth + 1, item.arrows);
    const extents = sorted.map((item) => (item.port ? [0, 6] : !item.inner ? sizes[item.node]
      : [item.inner.width + pad[0] + pad[2], item.inner.height + pad[1] + pad[3]]));
    const pairs = links.map(({ source, target }) => [place[source], place[target]]);
    const one = layered(extents, pairs, {
      gap, paths: sorted.map(() => []), room: sorted.map((item) => (item.node === undefined ? 0 : room[item.node])),
      first: new Set(sorted.flatMap((item, i) => (item.port === "in" ? [i] : []))),
      last: new Set(sorted.flatMap((item, i) => (item.port === "out" ? [i] : []))),
    });
    return placed(sorted, extents, links, pairs, depth ? one : wrapped(one, pairs, frame));
  };
  const placed = (items, extents, links, pairs, { centres, bends, spans, turned = [], width, height }) => {
    const spots = new Map(), points = new Map(), frames = [], turns = new Set();
    const innerOf = items.map((item, i) => {  // what a group has inside, where it stands now
      if (!item.inner) return null;
      const [x, y] = [centres[i][0] - extents[i][0] / 2 + pad[0], centres[i][1] - extents[i][1] / 2 + pad[1]];
      const moved = ([a, b]) => [a + x, b + y];
      item.inner.spots.forEach((spot, n) => spots.set(n, moved(spot)));
      frames.push({ id: item.group, at: [x - pad[0], y - pad[1], x + item.inner.width + pad[2], y + item.inner.height + pad[3]] });
      item.inner.frames.forEach(({ id, at: [l, t, r, b] }) => frames.push({ id, at: [...moved([l, t]), ...moved([r, b])] }));
      const found_ = new Map([...item.inner.points].map(([k, list]) => [k, list.map(moved)]));
      found_.forEach((list, k) => points.set(k, list));
      return found_;
    });
    items.forEach((item, i) => { if (item.node !== undefined) spots.set(item.node, centres[i]); });
    links.forEach(({ k }, a) => {
      const [from, to] = pairs[a], side = (i) => (items[i].port ? spans[i].map((x) => [x, centres[i][1]]) : innerOf[i]?.get(k) ?? []);
      const before = side(from), after = side(to);  // straight through the column of a port
      const ways = bends[a].map(([x, y], b) => [x, turned[a] && b === 0 && before.length ? before.at(-1)[1] : y ?? after[0]?.[1] ?? null]);
      points.set(k, [...before, ...ways, ...after]);
      if (turned[a]) turns.add(k);
    });
    return { spots, points, frames, turns, width, height };
  };
  const all_ = within(sizes.map((_, n) => n), 0, ends.map(([from, to], k) => ({ k, from, to })));
  return {
    centres: sizes.map((_, n) => all_.spots.get(n)), bends: ends.map((_, k) => all_.points.get(k)),
    turned: ends.map((_, k) => all_.turns.has(k)), frames: all_.frames, dissolved, width: all_.width, height: all_.height,
  };
};
const itemsOf = (members, depth, arrows, groupOf) => {  // boxes, groups and ports of one level, and what links them
  const list = [], at = new Map(), links = [];
  const item = (key, made) => {
    if (!at.has(key)) { at.set(key, list.length); list.push(made); }
    return at.get(key);
  };
  const itemOf = (n) => {
    const group = groupOf(n, depth);
    return group === undefined ? item(`n${n}`, { node: n }) : item(`g${group}`, { group, members: [], arrows: [] });
  };
  for (const n of members) { const one = list[itemOf(n)]; if (one.members) one.members.push(n); }
  for (const arrow of arrows) {
    const { k, from, to } = arrow;
    const source = from === null ? item(`i${k}`, { port: "in" }) : itemOf(from);
    const target = to === null ? item(`o${k}`, { port: "out" }) : itemOf(to);
    if (source === target) { list[source].arrows.push(arrow); continue; }
    list[source].arrows?.push({ k, from, to: null });
    list[target].arrows?.push({ k, from: null, to });
    links.push({ source, target, k });
  }
  return { list, links };
};
