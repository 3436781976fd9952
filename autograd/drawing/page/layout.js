// A plain layered layout, as `layered.py` has it: columns by depth, rows by the barycentres of the
// neighbours; and rows of columns, where one row would be too long for the window.
const PORT_GAP = 16;
const SWEEPS = 8, FARTHEST_PULL = 8, MOST_BENDS = 6000;

const ranksOf = (count, ends) => {  // after the operands, or before the first user
  const ranks = new Array(count).fill(0), leaf = new Array(count).fill(true);
  const users = Array.from({ length: count }, () => []);
  for (const [source, target] of [...ends].sort((a, b) => a[1] - b[1])) {
    ranks[target] = Math.max(ranks[target], ranks[source] + 1);
    leaf[target] = false;
    users[source].push(target);
  }
  const pulls = new Array(count).fill(0);
  for (const [source, target] of ends) pulls[target] += leaf[source] ? 0 : 1;
  for (let k = count - 1; k >= 0; k -= 1) {
    if (users[k].length && pulls[k] < users[k].length) {
      ranks[k] = users[k].reduce((least, user) => Math.min(least, ranks[user]), Infinity) - 1;
    }
  }
  return ranks;
};
const meanOf = (near, at, otherwise) =>
  (near.length ? near.reduce((sum, x) => sum + at[x], 0) / near.length : otherwise);
// Rows as near to the wishes as their order and the gap allow: pooling adjacent violators.
const settle = (column, wishes, ys, heights, gap) => {
  const offsets = [], pools = [];
  let room = 0;
  for (const box of column) { offsets.push(room + heights[box] / 2); room += heights[box] + gap; }
  wishes.forEach((wish, k) => {
    let total = wish - offsets[k], count = 1;
    while (pools.length && pools.at(-1)[0] / pools.at(-1)[1] > total / count) {
      const [earlier, boxes] = pools.pop();
      total += earlier;
      count += boxes;
    }
    pools.push([total, count]);
  });
  let k = 0;
  for (const [total, count] of pools) {
    for (let j = 0; j < count; j += 1, k += 1) ys[column[k]] = total / count + offsets[k];
  }
};
const flat = ([x, y]) => [y, x];
const laidOut = (sizes, ends, { gap, room, paths, vertical, frame, pad }) => {  // `pad` where groups are boxes of their own
  const way = (extents, window_, around_) => (around_ ? nested(extents, ends, { gap, room, paths, pad: around_, frame: window_ })
    : wrapped(layered(extents, ends, { gap, room, paths }), ends, window_));
  if (!vertical) return way(sizes, frame, pad);
  const found = way(sizes.map(flat), { width: frame.height, height: frame.width }, pad && [pad[1], pad[0], pad[3], pad[2]]);
  return { ...found, centres: found.centres.map(flat), bends: found.bends.map((bends) => bends.map(flat)),
           frames: found.frames?.map(({ id, at: [l, t, r, b] }) => ({ id, at: [t, l, b, r] })),
           width: found.height, height: found.width };
};
// A column by its wishes, those of one group together; leaves outside of the groups stand first.
const sortColumn = (column, wish, paths, leaf) => {
  if (!column.some((box) => paths[box]?.length)) return column.sort((a, b) => wish.get(a) - wish.get(b));
  const sums = new Map();
  for (const box of column) {
    for (const group of paths[box] ?? []) {
      const [sum, count] = sums.get(group) ?? [0, 0];
      sums.set(group, [sum + wish.get(box), count + 1]);
    }
  }
  const at = (box, level) => {
    const group = paths[box]?.[level];
    if (group !== undefined) return [sums.get(group)[0] / sums.get(group)[1], group];
    return [leaf[box] && !paths[box]?.length ? -Infinity : wish.get(box), -1 - box];
  };
  return column.sort((a, b) => {
    for (let level = 0; ; level += 1) {
      const [x, y] = [at(a, level), at(b, level)];
      if (x[1] !== y[1]) return x[0] - y[0] || x[1] - y[1];
    }
  });
};
const layered = (sizes, ends, { gap, room, paths, first = new Set(), last = new Set() }) => {
  const ranks = ranksOf(sizes.length, ends), leaf = sizes.map(() => true);
  const farthest = ranks.reduce((a, b) => Math.max(a, b), 0);
  ranks.forEach((rank, box) => { ranks[box] = first.has(box) ? 0 : last.has(box) ? farthest : rank; });  // ports stand at the sides
  const own = [...ranks];
  for (const [, target] of ends) leaf[target] = false;
  const spans = ends.reduce((sum, [s, t]) => sum + Math.max(0, ranks[t] - ranks[s] - 1), 0);
  const heights = sizes.map(([, h]) => h);
  const chains = ends.map(([source, target]) => {
    const chain = [source];
    for (let rank = ranks[source] + 1; spans <= MOST_BENDS && rank < ranks[target]; rank += 1) {
      chain.push(ranks.length);
      ranks.push(rank);
      heights.push(6);
    }
    return [...chain, target];
  });
  const columns = Array.from({ length: ranks.reduce((a, b) => Math.max(a, b), -1) + 1 }, () => []);
  ranks.forEach((rank, box) => columns[rank].push(box));
  const before = ranks.map(() => []), after = ranks.map(() => []);
  for (const chain of chains) {
    for (let k = 1; k < chain.length; k += 1) {
      const [left, right] = [chain[k - 1], chain[k]];
      if (ranks[right] - ranks[left] > FARTHEST_PULL) continue;
      before[right].push(left);
      after[left].push(right);
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const neighbours = sweep % 2 ? after : before, place = [];
    for (const column of columns) column.forEach((box, k) => { place[box] = k; });
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      const wish = new Map();
      let last = -1;  // who has no neighbours there stays beside the one before
      for (const box of column) { last = meanOf(neighbours[box], place, last); wish.set(box, last); }
      sortColumn(column, wish, paths, leaf);
      column.forEach((box, k) => { place[box] = k; });
    }
  }
  const ys = new Array(ranks.length).fill(0);
  for (const column of columns) settle(column, column.map(() => 0), ys, heights, gap[1]);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      settle(column, column.map((box) => meanOf([...before[box], ...after[box]], ys, ys[box])), ys, heights, gap[1]);
    }
  }
  const xs = [], widths = [], edgesOf = [];
  let x = 0;
  const isOfPorts = (column) => column.length > 0 && column.every((box) => first.has(box) || last.has(box));
  columns.forEach((column, rank) => {
    const start = x, real = column.filter((box) => box < sizes.length);
    x += real.reduce((most, box) => Math.max(most, room[box] ?? 0), 0);
    const width = real.reduce((most, box) => Math.max(most, sizes[box][0]), 0);
    xs.push(x + width / 2);
    widths.push(width);
    x += width + (isOfPorts(column) || isOfPorts(columns[rank + 1] ?? []) ? PORT_GAP : gap[0]);
    edgesOf.push([start, x]);
  });
  const top = ys.reduce((least, y, k) => Math.min(least, y - heights[k] / 2), Infinity);
  const bottom = ys.reduce((most, y, k) => Math.max(most, y + heights[k] / 2), -Infinity);
  const points = ranks.map((rank, k) => [xs[rank], ys[k] - top]);
  return {
    centres: points.slice(0, sizes.length), bends: chains.map((chain) => chain.slice(1, -1).map((k) => points[k])),
    width: Math.max(edgesOf.length ? xs.at(-1) + widths.at(-1) / 2 : 0, 0), height: Math.max(bottom - top, 0), ranks: own, columns: edgesOf,
    spans: own.map((rank) => [xs[rank] - widths[rank] / 2, xs[rank] + widths[rank] / 2]),
  };
};
// --- rows of columns ------------------------------------------------------------------------
const BETWEEN = 64, MARGIN_OF_ROWS = 22, MOST_ROWS = 8;
const scaleIn = (frame, width, height) => Math.min(frame.width / width, frame.height / height, 1);
const cut = (columns, rows) => {  // columns into so many rows of about equal length
  const whole = columns.at(-1)[1], row = [];
  columns.forEach(([start, end]) => row.push(Math.min(rows - 1, Math.floor(((start + end) / 2 / whole) * rows))));
  return row;
};
const wrapped = (one, ends, frame) => {
  const { columns, width, height } = one, once = scaleIn(frame, width, height);
  if (once > 0.75 || columns.length < 4) return { ...one, turned: [] };
  let best = { scale: once * 1.3, rows: 1 };
  for (let rows = 2; rows <= Math.min(MOST_ROWS, columns.length / 2); rows += 1) {
    const scale = scaleIn(frame, width / rows + 2 * MARGIN_OF_ROWS, rows * (height + BETWEEN));
    if (scale > best.scale) best = { scale, rows };
  }
  if (best.rows === 1) return { ...one, turned: [] };
  const row = cut(columns, best.rows), begins = row.map((r) => row.indexOf(r));
  const rowOf = one.ranks.map((rank) => row[rank]), computed = new Set(ends.map(([, target]) => target));
  one.ranks.forEach((rank, k) => {  // a leaf stands in the row of what it goes into
    const users = ends.filter(([source]) => source === k).map(([, target]) => one.ranks[target]);
    if (!computed.has(k) && users.length && begins.includes(Math.min(...users)) && rank === Math.min(...users) - 1) rowOf[k] = row[rank + 1];
  });
  const startOf = (r) => columns[Math.max(0, row.indexOf(r) - 1)][0];  // room for these leaves
  const longest = Math.max(...columns.map(([, end], k) => end - startOf(row[k])));
  const moved = ([x, y], r) => [x - startOf(r) + MARGIN_OF_ROWS, y + r * (height + BETWEEN)];
  const right = longest + MARGIN_OF_ROWS, turned = [];
  let lane = 0;
  const centres = one.centres.map((point, k) => moved(point, rowOf[k]));
  const bends = one.bends.map((points, k) => {
    const [source, target] = ends[k], from = rowOf[source], to = rowOf[target];
    turned[k] = from !== to;
    if (from === to) return points.map((point) => moved(point, from));
    const step = 5 * (lane % 4), above_ = to * (height + BETWEEN) - BETWEEN / 2 + step;
    lane += 1;
    return [[right + step, centres[source][1]], [right + step, above_], [4 + step, above_], [4 + step, null]];
  });
  return { ...one, centres, bends, turned, width: right + MARGIN_OF_ROWS, height: best.rows * (height + BETWEEN) - BETWEEN };
};
