// Draws the report's timeline and answers clicks. The data stand in the page as JSON, columns of operations.
//
//   faults     one row for those that overlap no other
//   clients    a lane a session; the core's first, drawn larger and named; the others scroll below
//   replicas   what each held of the violation's key, and when its process was away
//
// Only what is on the screen is drawn: each row is sorted by time, so a frame looks at the operations between
// two binary searches, and of those that fall on one pixel at the first.
"use strict";

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const ops = data.operations;
  const count = ops.line.length;
  const element = (id) => document.getElementById(id);
  const canvas = element("lanes"), overview = element("overview");
  document.documentElement.classList.add("scripted");

  const kGutter = 132, kAxis = 26, kRow = 14, kCoreBar = 13, kLabel = 15, kFaultRow = 18, kReplicaRow = 24, kHeading = 18;
  // How much is seen of operations outside the core: of the violation's key, and of others.
  const kRelated = 0.55, kFaintest = 0.16;

  // --- time -----------------------------------------------------------------------------------------

  let first = Infinity, last = -Infinity;
  for (let i = 0; i < count; ++i) {
    if (ops.session[i] < 0) continue;
    first = Math.min(first, ops.from[i]);
    last = Math.max(last, ops.to[i] ?? ops.from[i]);
  }
  if (first > last) [first, last] = [0, 1];
  if (data.record && data.clock === "ns") first = Math.min(first, 0);
  for (const fault of data.record?.faults ?? []) last = Math.max(last, Math.min(fault.to ?? 0, last * 1.1));
  last = Math.max(last, first + 1);
  const endOf = (i) => ops.to[i] ?? last;

  const pad = (number, width) => String(number).padStart(width, "0");
  const kUnits = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

  function durationText(time) {
    if (data.clock === "place") return time === 1 ? "1 event" : `${time} events`;
    if (time >= 86400e9) return `${(time / 86400e9).toPrecision(4)} days`;
    if (time >= 3600e9) return `${(time / 3600e9).toPrecision(4)} h`;
    const [unit, name] = kUnits.find(([unit]) => time >= unit) ?? kUnits[3];
    return `${Number((time / unit).toPrecision(5))} ${name}`;
  }

  // As fine as `step` asks: 12.5s, 2:05:12, 3d 04:05:06.789
  function timeText(time, step = 1e3) {
    if (data.clock === "place") return String(Math.round(time));
    const sign = time < 0 ? "−" : "";
    const ns = Math.abs(Math.round(time));
    const decimals = step >= 1e9 ? 0 : Math.min(9, Math.ceil(-Math.log10(step / 1e9) - 1e-9));
    const seconds = Math.floor(ns / 1e9);
    const fraction = decimals > 0 ? "." + pad(ns % 1e9, 9).slice(0, decimals) : "";
    if (last < 600e9) return `${sign}${seconds}${fraction}s`;
    const days = Math.floor(seconds / 86400);
    const clock = `${pad(Math.floor(seconds / 3600) % 24, 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`;
    return `${sign}${days > 0 ? `${days}d ` : ""}${clock}${fraction}`;
  }

  const kLongSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 432000, 864000, 2592000]
    .map((seconds) => seconds * 1e9);
  function stepFor(least) {
    if (data.clock !== "place" && least > 1e9) return kLongSteps.find((step) => step >= least) ?? kLongSteps.at(-1) * Math.ceil(least / kLongSteps.at(-1));
    const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
    return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least);
  }

  // --- what is shown --------------------------------------------------------------------------------

  const view = { from: first, to: last };
  let scroll = 0;
  let violation = data.violations.length > 0 ? 0 : -1;
  let core = new Set();
  let chosen = -1, hovered = -1;
  let matches = null; // Uint8Array by operation, while something is searched for
  let matchList = [], matchAt = -1;
  let rows = [], scrolled = { top: 0, bottom: 0, height: 0 };
  let width = 0, height = 0;

  const x = (time) => kGutter + ((time - view.from) / (view.to - view.from)) * (width - kGutter);
  const timeAt = (px) => view.from + ((px - kGutter) / (width - kGutter)) * (view.to - view.from);

  // Intervals into as few rows as keep them apart; each interval is [from, to, what].
  function pack(intervals) {
    const packed = [];
    for (const interval of intervals.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
      const row = packed.find((row) => row.at(-1)[1] <= interval[0]);
      if (row) row.push(interval);
      else packed.push([interval]);
    }
    return packed;
  }

  // By session, rows of operations of which none overlaps another, each in the order of time.
  const bySession = new Map();
  {
    const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => ops.from[a] - ops.from[b] || a - b);
    for (const i of order) {
      const session = ops.session[i];
      if (session < 0) continue;
      if (!bySession.has(session)) bySession.set(session, []);
      const lanes = bySession.get(session);
      let lane = lanes.find((lane) => lane.end <= ops.from[i]);
      if (!lane) {
        if (lanes.length < 8) lanes.push((lane = { end: -Infinity, operations: [] }));
        else lane = lanes[0];
      }
      lane.operations.push(i);
      lane.end = endOf(i);
    }
  }

  // What is known of replicas, from its rows; of keys, when they are first asked for.
  const known = data.record;
  const hasReplicas = known !== null && Object.keys(known.holdings).length > 0;
  const kHolds = ["nothing", "value", "tombstone"];
  const holdings = new Map();
  function holdingsOf(key) {
    if (!holdings.has(key)) {
      const rows = known?.holdings[key] ?? [];
      holdings.set(key, rows.map(([node, from, to, kind, line, source]) => ({ node, from, to, kind: kHolds[kind], line, source: known.sources[source] })));
    }
    return holdings.get(key);
  }
  const arrivalsOf = (i) => (ops.from[i] < 0 ? [] : (known?.arrivals[i] ?? []).map(([node, at, source]) => ({ node, at, source: known.sources[source] })));
  const coordinatorOf = (i) => known?.participants[i]?.[0];
  const answersOf = (i) => known?.participants[i]?.[1] ?? [];

  const keyOf = (v) => (v.key >= 0 ? v.key : v.operations.map((i) => ops.key[i]).find((key) => typeof key === "number") ?? -1);

  function layOut() {
    rows = [];
    const add = (row) => (rows.push(row), row);
    const record = data.record;
    if (record?.faults.length > 0) {
      add({ kind: "heading", text: "faults", height: kHeading });
      for (const packed of pack(record.faults.map((fault) => [fault.from, fault.to ?? last, fault])))
        add({ kind: "faults", intervals: packed, height: kFaultRow });
    }
    add({ kind: "heading", text: "clients", height: kHeading });
    const inCore = [...core].sort((a, b) => ops.from[a] - ops.from[b] || a - b);
    const coreSessions = [...new Set(inCore.map((i) => ops.session[i]))];
    const lane = (session) => {
      const lanes = bySession.get(session) ?? [];
      const members = inCore.filter((i) => ops.session[i] === session);
      if (members.length > 0) {
        const label = session < 0 ? "not a client's" : data.sessions[session];
        const others = lanes.flatMap((lane) => lane.operations).filter((i) => !core.has(i)).sort((a, b) => ops.from[a] - ops.from[b]);
        const labelRows = Math.min(3, members.length);
        add({ kind: "core", text: label, operations: others, members, labelRows, height: kCoreBar + 6 + kLabel * labelRows });
        return;
      }
      lanes.forEach((sub, at) => {
        if (matches && !sub.operations.some((i) => matches[i])) return;
        add({ kind: "client", text: at === 0 ? data.sessions[session] : "", operations: sub.operations, height: kRow, scrolls: true });
      });
    };
    coreSessions.forEach(lane);
    for (const session of [...bySession.keys()].sort((a, b) => a - b)) if (!coreSessions.includes(session)) lane(session);

    const key = violation < 0 ? -1 : keyOf(data.violations[violation]);
    const held = holdingsOf(key);
    const nodes = [...new Set(held.map((holding) => holding.node))].sort((a, b) => a - b);
    if (nodes.length > 0) add({ kind: "heading", text: `replicas of ${data.keys[key]}`, height: kHeading });
    for (const node of nodes) {
      const absences = record.absences.filter((absence) => absence.node === node);
      add({ kind: "replica", node, text: `n${node}`, held: held.filter((holding) => holding.node === node), absences, height: kReplicaRow });
    }

    // The canvas is as high as its rows, up to most of the window; what scrolls takes what the fixed rows leave.
    const fixed = rows.filter((row) => !row.scrolls).reduce((sum, row) => sum + row.height, 0);
    const all = rows.filter((row) => row.scrolls).reduce((sum, row) => sum + row.height, 0);
    height = Math.round(Math.max(200, Math.min(kAxis + fixed + all + 16, Math.max(0.64 * window.innerHeight, kAxis + fixed + 150))));
    canvas.style.height = `${height + 2}px`; // with its border
    scrolled.height = all;
    const room = Math.max(60, height - kAxis - fixed - 4);
    scroll = Math.max(0, Math.min(scroll, all - room));
    let y = kAxis, inside = -scroll, started = false;
    for (const row of rows) {
      if (row.scrolls) {
        if (!started) [scrolled.top, scrolled.bottom, started] = [y, y + Math.min(room, all), true];
        row.y = scrolled.top + inside;
        inside += row.height;
        row.visible = row.y + row.height > scrolled.top && row.y < scrolled.bottom;
        y = scrolled.bottom;
      } else {
        row.y = y;
        y += row.height;
        row.visible = true;
      }
    }
    if (!started) scrolled.top = scrolled.bottom = 0;
  }

  // --- drawing --------------------------------------------------------------------------------------

  const colours = {};
  function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["page", "panel", "ink", "soft", "line", "grid", "get", "write", "delete", "other", "core", "value", "tombstone", "fault"])
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    colours.sans = style.getPropertyValue("--sans");
    colours.mono = style.getPropertyValue("--mono");
  }
  const kKindColour = { get: "get", scan: "get", put: "write", append: "write", add: "write", compare_and_set: "other", delete: "delete", transaction: "other" };
  const colourOf = (i) => colours[kKindColour[data.kinds[ops.kind[i]]]];
  const kOk = 0, kFail = 1, kUnknown = 2;

  function prepare(target) {
    const ratio = window.devicePixelRatio || 1;
    const box = { width: target.clientWidth, height: target.clientHeight }; // without its border
    if (target.width !== Math.round(box.width * ratio) || target.height !== Math.round(box.height * ratio)) {
      target.width = Math.round(box.width * ratio);
      target.height = Math.round(box.height * ratio);
    }
    const context = target.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, box.width, box.height);
    context.fillStyle = colours.page;
    context.fillRect(0, 0, box.width, box.height);
    return [context, box.width, box.height];
  }

  // The first place in `list` (operations in the order of time) that ends at or after `time`.
  function lowerBound(list, time) {
    let low = 0, high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (endOf(list[middle]) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function hatch(context, left, top, right, bottom, colour, gap) {
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    context.strokeStyle = colour;
    context.lineWidth = 1.4;
    context.beginPath();
    const rise = bottom - top;
    for (let at = Math.floor((left - rise) / gap) * gap; at < right; at += gap) {
      context.moveTo(at, bottom);
      context.lineTo(at + rise, top);
    }
    context.stroke();
    context.restore();
  }

  // A bar: filled if acknowledged, an outline if it failed, hatched if nobody knows.
  function bar(context, i, top, bottom, least) {
    let left = Math.max(x(ops.from[i]), kGutter - 4), right = Math.min(x(endOf(i)), width + 4);
    if (right - left < least) [left, right] = [left - (least - (right - left)) / 2, left + least - (least - (right - left)) / 2];
    const colour = colourOf(i);
    context.fillStyle = context.strokeStyle = colour;
    if (ops.outcome[i] === kOk) {
      context.fillRect(left, top, right - left, bottom - top);
    } else {
      if (ops.outcome[i] === kUnknown) hatch(context, left, top, right, bottom, colour, 5);
      context.lineWidth = 1;
      context.strokeRect(left + 0.5, top + 0.5, Math.max(right - left - 1, 0.5), bottom - top - 1);
    }
    return [left, right];
  }

  function drawFaint(context, row) {
    const list = row.operations;
    const bottom = row.kind === "core" ? row.y + 3 + kCoreBar : row.y + row.height - 3;
    const top = row.kind === "core" ? row.y + 3 : row.y + 2;
    const key = violation < 0 ? -1 : keyOf(data.violations[violation]);
    let drawnTo = -1;
    for (let at = lowerBound(list, view.from); at < list.length && ops.from[list[at]] <= view.to; ++at) {
      const i = list[at];
      const right = x(endOf(i));
      const lit = matches ? matches[i] : 0;
      if (right < drawnTo + 0.7 && !lit && ops.key[i] !== key && i !== chosen) continue;
      context.globalAlpha = lit || i === chosen || i === hovered ? 1 : matches ? kFaintest / 2 : violation < 0 ? 0.7 : ops.key[i] === key ? kRelated : kFaintest;
      const [, to] = bar(context, i, top, bottom, 1.5);
      drawnTo = Math.max(drawnTo, to);
      if (i === chosen || i === hovered) outline(context, i, top, bottom, 3);
    }
    context.globalAlpha = 1;
  }

  function outline(context, i, top, bottom, least) {
    const left = x(ops.from[i]), right = Math.max(x(endOf(i)), left + least);
    context.strokeStyle = colours.ink;
    context.lineWidth = i === chosen ? 2 : 1;
    context.strokeRect(left - 1.5, top - 1.5, right - left + 3, bottom - top + 3);
  }

  function clipped(context, text, room) {
    if (context.measureText(text).width <= room) return text;
    let low = 0, high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (context.measureText(text.slice(0, middle) + "…").width <= room) low = middle;
      else high = middle - 1;
    }
    return low > 0 ? text.slice(0, low) + "…" : "";
  }

  function drawCore(context, row) {
    const top = row.y + 3, bottom = top + kCoreBar;
    context.font = `600 11.5px ${colours.mono}`;
    const taken = new Array(row.labelRows).fill(-Infinity); // of each line of labels, up to where
    for (const i of row.members) {
      if (x(endOf(i)) < kGutter - 3 || x(ops.from[i]) > width + 3) continue;
      const [left, right] = bar(context, i, top, bottom, 6);
      context.strokeStyle = i === chosen ? colours.ink : colours.core;
      context.lineWidth = i === chosen ? 2.5 : 1.6;
      context.strokeRect(left - 1.5, top - 1.5, right - left + 3, bottom - top + 3);
      const text = clipped(context, `#${ops.line[i]} ${ops.text[i]}`, 420);
      const wide = context.measureText(text).width;
      const start = Math.max(kGutter + 4, Math.min(left, width - wide - 8));
      const free = taken.findIndex((end) => end <= start);
      const line = free >= 0 ? free : taken.indexOf(Math.min(...taken));
      taken[line] = start + wide + 12;
      const y = bottom + 3 + line * kLabel;
      context.fillStyle = colours.page;
      context.fillRect(start - 2, y, wide + 4, kLabel - 1);
      context.fillStyle = colours.ink;
      context.fillText(text, start, y + 11);
    }
  }

  function drawFaults(context, row) {
    context.font = `11.5px ${colours.sans}`;
    for (const [from, to, fault] of row.intervals) {
      const left = Math.max(x(from), kGutter), right = Math.max(Math.min(x(to), width), left + 2);
      if (right < kGutter || left > width) continue;
      context.globalAlpha = 0.2;
      context.fillStyle = colours.fault;
      context.fillRect(left, row.y + 1, right - left, row.height - 3);
      context.globalAlpha = 1;
      context.fillRect(left, row.y + 1, 2, row.height - 3);
      context.fillStyle = colours.ink;
      context.fillText(clipped(context, fault.text, right - left - 10), left + 6, row.y + 12.5);
    }
  }

  const heldText = (holding) =>
    holding.kind === "nothing" ? "nothing" : (holding.kind === "tombstone" ? "deleted" : "value") + (holding.line > 0 ? ` by #${holding.line}` : "");

  function drawReplica(context, row) {
    context.font = `11px ${colours.mono}`;
    const top = row.y + 3, bottom = row.y + row.height - 4;
    const left = (interval) => Math.max(x(interval.from), kGutter);
    const right = (interval) => Math.min(x(interval.to ?? view.to), width);
    const seen = (interval) => right(interval) > kGutter && left(interval) < width;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.strokeRect(kGutter, top + 0.5, width - kGutter, bottom - top);
    const held = row.held.filter((holding) => holding.kind !== "nothing" && seen(holding));
    for (const holding of held) {
      context.globalAlpha = 0.55;
      context.fillStyle = colours[holding.kind];
      context.fillRect(left(holding), top, Math.max(right(holding) - left(holding), 1), bottom - top);
      context.globalAlpha = 1;
      context.fillStyle = colours.page;
      context.fillRect(left(holding), top, 1, bottom - top);
    }
    context.globalAlpha = 0.7;
    for (const absence of row.absences.filter(seen)) hatch(context, left(absence), top, Math.max(right(absence), left(absence) + 2), bottom, colours.fault, 9);
    context.globalAlpha = 1;
    for (const holding of held) {
      const room = right(holding) - left(holding) - 10;
      if (room < 34) continue;
      const text = clipped(context, heldText(holding), room);
      if (row.absences.some((absence) => absence.from < (holding.to ?? last) && (absence.to ?? last) > holding.from && left(absence) < left(holding) + context.measureText(text).width + 8)) {
        context.fillStyle = colours.page;
        context.fillRect(left(holding) + 3, top + 2, context.measureText(text).width + 4, bottom - top - 4);
      }
      context.fillStyle = colours.ink;
      context.fillText(text, left(holding) + 5, bottom - 4.5);
    }
  }

  // From the core's operations to the replicas: a dot where one took a write, with a dashed line if the client had its
  // answer before; a ring where one answered a read, at the time at which that ended.
  function drawExchanges(context) {
    const replicas = new Map(rows.filter((row) => row.kind === "replica").map((row) => [row.node, row]));
    if (replicas.size === 0) return;
    for (const row of rows.filter((row) => row.kind === "core"))
      for (const i of row.members) {
        const bottom = row.y + 3 + kCoreBar;
        context.strokeStyle = context.fillStyle = colourOf(i);
        const end = (node, from, to, late, mark) => {
          const replica = replicas.get(node);
          if (!replica || x(to) < kGutter - 50 || x(from) > width + 50) return;
          const y = replica.y + replica.height / 2;
          context.globalAlpha = 0.45;
          context.lineWidth = 1.2;
          context.setLineDash(late ? [5, 4] : []);
          context.beginPath();
          context.moveTo(x(from), bottom);
          context.lineTo(x(to), y);
          context.stroke();
          context.setLineDash([]);
          context.globalAlpha = 1;
          context.lineWidth = 2;
          context.beginPath();
          context.arc(x(to), y, 3.5, 0, 2 * Math.PI);
          mark === "ring" ? context.stroke() : context.fill();
        };
        for (const arrival of arrivalsOf(i)) {
          const late = arrival.at > endOf(i);
          end(arrival.node, late ? endOf(i) : ops.from[i], arrival.at, late, "dot");
        }
        for (const node of answersOf(i)) end(node, endOf(i), endOf(i), false, "ring");
      }
  }

  // Thin lines through all lanes where operations of the core begin and end: who was over before whom began.
  function drawGuides(context) {
    context.lineWidth = 1;
    context.setLineDash([2, 3]);
    for (const i of core) {
      context.strokeStyle = colourOf(i);
      context.globalAlpha = 0.55;
      for (const time of new Set([ops.from[i], endOf(i)])) {
        const px = Math.round(x(time)) + 0.5;
        if (px < kGutter || px > width) continue;
        context.beginPath();
        context.moveTo(px, kAxis);
        context.lineTo(px, height);
        context.stroke();
      }
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  function drawAxis(context) {
    context.fillStyle = colours.page;
    context.fillRect(0, 0, width, kAxis);
    const step = stepFor(((view.to - view.from) / (width - kGutter)) * 110);
    context.font = `11.5px ${colours.sans}`;
    for (let tick = Math.ceil(view.from / step) * step; tick <= view.to; tick += step) {
      const px = Math.round(x(tick)) + 0.5;
      context.strokeStyle = colours.grid;
      context.beginPath();
      context.moveTo(px, kAxis);
      context.lineTo(px, height);
      context.stroke();
      context.strokeStyle = colours.soft;
      context.beginPath();
      context.moveTo(px, kAxis - 5);
      context.lineTo(px, kAxis);
      context.stroke();
      context.fillStyle = colours.soft;
      context.fillText(timeText(tick, step), px + 4, kAxis - 8);
    }
    context.fillText(data.clock === "place" ? "event" : "virtual time", 10, kAxis - 8);
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(0, kAxis + 0.5);
    context.lineTo(width, kAxis + 0.5);
    context.stroke();
  }

  function drawGutter(context) {
    context.fillStyle = colours.panel;
    context.fillRect(0, kAxis + 1, kGutter, height - kAxis);
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(kGutter - 0.5, kAxis);
    context.lineTo(kGutter - 0.5, height);
    context.stroke();
    for (const row of rows) {
      if (!row.visible) continue;
      if (row.scrolls && (row.y < scrolled.top - 3 || row.y + row.height > scrolled.bottom + 3)) continue;
      if (row.kind === "heading") {
        context.font = `600 11px ${colours.sans}`;
        context.fillStyle = colours.soft;
        context.fillText(row.text.toUpperCase().startsWith("REPLICAS") ? "REPLICAS" : row.text.toUpperCase(), 10, row.y + 13);
      } else if (row.text) {
        context.font = row.kind === "core" ? `600 12px ${colours.sans}` : `11px ${colours.sans}`;
        context.fillStyle = row.kind === "core" || row.kind === "replica" ? colours.ink : colours.soft;
        context.fillText(clipped(context, row.text, kGutter - 20), 10, row.y + (row.kind === "core" ? 14 : row.height / 2 + 4));
      }
    }
  }

  function drawLanes() {
    let context;
    layOut();
    [context, width, height] = prepare(canvas);
    drawAxis(context);
    for (const row of rows) {
      if (row.kind !== "heading") continue;
      context.fillStyle = colours.panel;
      context.fillRect(kGutter, row.y + 1, width - kGutter, row.height - 2);
      context.font = `11px ${colours.sans}`;
      context.fillStyle = colours.soft;
      if (row.text.startsWith("replicas")) context.fillText(`what each held of ${row.text.slice(12)}`, kGutter + 6, row.y + 13);
    }
    context.save();
    context.beginPath();
    context.rect(kGutter, kAxis, width - kGutter, height - kAxis);
    context.clip();
    drawGuides(context);
    context.save();
    context.beginPath();
    context.rect(0, scrolled.top, width, scrolled.bottom - scrolled.top);
    context.clip();
    for (const row of rows) if (row.kind === "client" && row.visible) drawFaint(context, row);
    context.restore();
    for (const row of rows) {
      if (row.kind === "core") (drawFaint(context, row), drawCore(context, row));
      else if (row.kind === "faults") drawFaults(context, row);
      else if (row.kind === "replica") drawReplica(context, row);
    }
    drawExchanges(context);
    context.restore();
    drawGutter(context);
    if (scrolled.height > scrolled.bottom - scrolled.top && scrolled.bottom > scrolled.top) {
      const room = scrolled.bottom - scrolled.top;
      context.fillStyle = colours.line;
      context.fillRect(width - 6, scrolled.top + (scroll / scrolled.height) * room, 4, Math.max(14, (room / scrolled.height) * room));
    }
  }

  let density = null;
  function drawOverview() {
    const [context, wide, tall] = prepare(overview);
    const px = (time) => kGutter + ((time - first) / (last - first)) * (wide - kGutter);
    const columns = Math.max(1, Math.floor((wide - kGutter) / 2));
    if (density?.length !== columns) {
      density = new Float64Array(columns);
      for (let i = 0; i < count; ++i)
        if (ops.session[i] >= 0) density[Math.min(columns - 1, Math.max(0, Math.floor(((ops.from[i] - first) / (last - first)) * columns)))] += 1;
    }
    context.fillStyle = colours.panel;
    context.fillRect(0, 0, kGutter, tall);
    context.font = `11px ${colours.sans}`;
    context.fillStyle = colours.soft;
    context.fillText("OVERVIEW", 10, tall / 2 + 4);
    const most = density.reduce((a, b) => Math.max(a, b), 1);
    context.fillStyle = colours.line;
    density.forEach((number, at) => {
      if (number === 0) return;
      const high = Math.max(1.5, (number / most) * (tall - 14));
      context.fillRect(kGutter + at * 2, tall - 4 - high, 2, high);
    });
    context.fillStyle = colours.fault;
    context.globalAlpha = 0.3;
    for (const fault of data.record?.faults ?? []) context.fillRect(px(fault.from), 0, Math.max(1.5, px(fault.to ?? last) - px(fault.from)), 5);
    context.globalAlpha = 1;
    for (const i of core) {
      context.fillStyle = colours.core;
      context.fillRect(Math.max(px(ops.from[i]), kGutter) - 1, 6, 2.5, tall - 10);
    }
    if (matches) {
      context.fillStyle = colours.ink;
      for (const i of matchList) context.fillRect(px(ops.from[i]), tall - 4, 1, 3);
    }
    const left = Math.max(kGutter, px(view.from)), right = Math.max(left + 3, px(view.to));
    context.fillStyle = colours.get;
    context.globalAlpha = 0.12;
    context.fillRect(left, 0, right - left, tall);
    context.globalAlpha = 1;
    context.strokeStyle = colours.get;
    context.strokeRect(left + 0.5, 0.5, right - left - 1, tall - 1);
  }

  let drawing = false;
  function draw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      drawLanes();
      drawOverview();
    });
  }

  // --- moving ---------------------------------------------------------------------------------------

  function show(from, to) {
    const whole = (last - first) * 1.04, least = data.clock === "place" ? 4 : 1000;
    const span = Math.min(Math.max(to - from, least), whole);
    const margin = (last - first) * 0.02;
    const middle = (from + to) / 2;
    let start = middle - span / 2;
    start = Math.max(first - margin, Math.min(start, last + margin - span));
    [view.from, view.to] = [start, start + span];
    draw();
  }
  // Without a place: about the chosen operation, if it is on the screen.
  function middle() {
    const at = chosen < 0 ? -Infinity : (ops.from[chosen] + endOf(chosen)) / 2;
    return at >= view.from && at <= view.to ? at : (view.from + view.to) / 2;
  }
  function zoom(factor, at = middle()) {
    show(at - (at - view.from) * factor, at + (view.to - at) * factor);
  }
  const move = (share) => show(view.from + (view.to - view.from) * share, view.to + (view.to - view.from) * share);
  const showAll = () => show(first - (last - first), last + (last - first));

  function showOperations(list, share) {
    const from = Math.max(first, Math.min(...list.map((i) => ops.from[i])));
    const to = Math.max(...list.map((i) => ops.to[i] ?? ops.from[i]));
    const around = Math.max((to - from) * share, data.clock === "place" ? 6 : 200e3);
    show(from - around, to + around * 1.6);
  }

  // --- a violation ----------------------------------------------------------------------------------

  const make = (tag, text, style) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (style) made.className = style;
    return made;
  };

  function choose(number) {
    if (data.violations.length === 0) return;
    violation = (number + data.violations.length) % data.violations.length;
    const v = data.violations[violation];
    core = new Set(v.operations);
    scroll = 0;
    element("violation-title").textContent = `${v.property} is violated${v.key >= 0 ? `: ${data.keys[v.key]}` : ""}`;
    element("violation-count").textContent = `${violation + 1} of ${data.violations.length}`;
    element("story").textContent = v.told;
    element("core").replaceChildren(
      ...v.operations.map((i) => {
        const item = make("li");
        item.style.borderLeftColor = colourOf(i);
        item.append(
          make("span", `#${ops.line[i]}`),
          make("span", ops.session[i] < 0 ? "" : data.sessions[ops.session[i]], "soft"),
          make("span", ops.text[i], "text"),
          make("span", timeText(ops.from[i], 1e3) + (ops.outcome[i] === kOk ? "" : ` ${data.outcomes[ops.outcome[i]]}`), "soft"),
        );
        item.addEventListener("click", () => pick(i, true));
        return item;
      }),
    );
    element("replays").replaceChildren(
      ...v.replays.map(({ what, command }) => {
        const line = make("div");
        line.append(make("small", what), make("code", command));
        return line;
      }),
    );
    for (const button of element("verdicts").children) button.classList.toggle("chosen", button.dataset.property === v.property);
    document.querySelectorAll("#figures figure").forEach((figure) => figure.classList.toggle("chosen", Number(figure.dataset.violation) === violation));
    element("figures").hidden = !document.querySelector("#figures figure.chosen");
    pick(v.operations.at(-1) ?? -1, false);
    jump();
  }

  function jump() {
    if (violation >= 0 && core.size > 0) showOperations([...core], 0.35);
  }

  // --- one operation --------------------------------------------------------------------------------

  function pick(i, reveal) {
    chosen = i;
    const box = element("details");
    box.replaceChildren();
    if (i < 0) {
      box.append(make("p", "Click an operation to see what is known of it."));
      draw();
      return;
    }
    box.append(make("h2", `#${ops.line[i]} ${ops.text[i]}`));
    const list = make("dl");
    const row = (term, text) => text && list.append(make("dt", term), make("dd", text));
    row("client", ops.session[i] < 0 ? "none: the preload, or a value that ends" : data.sessions[ops.session[i]]);
    row("outcome", { ok: "acknowledged", fail: "failed: surely not applied", unknown: "unknown: it may have been applied" }[data.outcomes[ops.outcome[i]]]);
    row("began", ops.from[i] < 0 ? "before the run" : timeText(ops.from[i], 1));
    row("ended", ops.to[i] === null ? "never" : ops.to[i] < 0 ? "before the run" : `${timeText(ops.to[i], 1)}, after ${durationText(ops.to[i] - ops.from[i])}`);
    row("in the core", core.has(i) ? "yes" : "");
    if (coordinatorOf(i) !== undefined) row("coordinator", `n${coordinatorOf(i)}`);
    box.append(list);
    details(box, i);
    if (reveal && (endOf(i) < view.from || ops.from[i] > view.to || view.to - view.from > 400 * Math.max(1, endOf(i) - ops.from[i]))) {
      const around = data.clock === "place" ? 10 : Math.max(4 * (endOf(i) - ops.from[i]), 1e6);
      show(ops.from[i] - around, endOf(i) + around);
    }
    draw();
  }

  // What only a simulator knows of the moment at which it ended.
  function details(box, i) {
    const record = data.record;
    if (!record) return;
    const at = endOf(i);
    const held = holdingsOf(ops.key[i]).filter((h) => h.from <= at && (h.to === null || at < h.to));
    if (held.length > 0) {
      box.append(make("h3", `Replicas of ${data.keys[ops.key[i]]} when it ended`));
      const table = make("table");
      table.id = "held";
      const head = make("tr");
      for (const title of ["replica", "held", "since", "from"]) head.append(make("th", title));
      table.append(head);
      for (const h of held.sort((a, b) => a.node - b.node)) {
        const line = make("tr");
        const away = record.absences.find((a) => a.node === h.node && a.from <= at && (a.to === null || at < a.to));
        const answered = answersOf(i).includes(h.node);
        const what = make("td");
        const swatch = make("span", "", "swatch");
        swatch.style.background = h.kind === "nothing" ? "transparent" : colours[h.kind];
        what.append(swatch, heldText(h) + (away ? ` (${away.why})` : ""));
        line.append(make("td", `n${h.node}${answered ? " ✓" : ""}`), what, make("td", h.kind === "nothing" ? "" : h.from < 0 ? "before the run" : timeText(h.from, 1e6)), make("td", h.source));
        table.append(line);
      }
      box.append(table);
      if (answersOf(i).length > 0) box.append(make("p", "✓ answered this read"));
    }
    const arrivals = arrivalsOf(i);
    if (arrivals.length > 0) {
      box.append(make("h3", "Replicas that took it"));
      const table = make("table");
      table.id = "arrivals";
      for (const arrival of arrivals) {
        const line = make("tr");
        const after = arrival.at - ops.from[i];
        line.append(make("td", `n${arrival.node}`), make("td", timeText(arrival.at, 1e3)), make("td", `${durationText(after)} after it was called`), make("td", arrival.source));
        table.append(line);
      }
      box.append(table);
    }
    const active = record.faults.filter((f) => f.from <= at && (f.to === null || ops.from[i] <= f.to));
    box.append(make("h3", active.length > 0 ? "Faults at that time" : "No fault held at that time"));
    for (const fault of active) box.append(make("div", `${fault.text}, ${timeText(fault.from, 1e6)} – ${fault.to === null ? "the end" : timeText(fault.to, 1e6)}`));
    if (record.missing && held.length === 0) box.append(make("p", record.missing));
  }

  // --- searching ------------------------------------------------------------------------------------

  function search(text) {
    const query = text.trim();
    matchList = [];
    matchAt = -1;
    matches = null;
    if (query !== "") {
      matches = new Uint8Array(count);
      const key = data.keys.indexOf(query);
      const lower = query.toLowerCase();
      const matching =
        /^#\d+$/.test(query) ? (i) => ops.line[i] === Number(query.slice(1))
        : key >= 0 ? (i) => ops.key[i] === key || (Array.isArray(ops.key[i]) && ops.key[i].includes(key))
        : (i) => ops.text[i].toLowerCase().includes(lower);
      for (let i = 0; i < count; ++i)
        if (ops.session[i] >= 0 && matching(i)) {
          matches[i] = 1;
          matchList.push(i);
        }
      matchList.sort((a, b) => ops.from[a] - ops.from[b] || a - b);
    }
    scroll = 0;
    element("found").textContent = matches ? `${matchList.length} found` : "";
    draw();
  }
  function nextMatch(step) {
    if (matchList.length === 0) return;
    matchAt = matchAt < 0 && step < 0 ? matchList.length - 1 : (matchAt + step + matchList.length) % matchList.length;
    element("found").textContent = `${matchAt + 1} of ${matchList.length}`;
    pick(matchList[matchAt], true);
  }

  // --- mouse and keys -------------------------------------------------------------------------------

  // The operation there; the core's are meant first, then the nearest.
  function operationAt(px, py) {
    const row = rows.find((row) => row.visible && py >= row.y && py < row.y + row.height && (row.kind === "core" || row.kind === "client"));
    if (!row || px < kGutter) return -1;
    if (row.kind === "client" && (py < scrolled.top || py > scrolled.bottom)) return -1;
    const near = (i) => Math.max(x(ops.from[i]) - px, px - x(endOf(i)), 0);
    for (const i of row.members ?? []) if (near(i) <= 6 && py < row.y + kCoreBar + 8) return i;
    const time = timeAt(px);
    const around = lowerBound(row.operations, time);
    let best = -1;
    for (const at of [around - 1, around, around + 1]) {
      const i = row.operations[at];
      if (i !== undefined && near(i) <= 5 && (best < 0 || near(i) < near(best))) best = i;
    }
    return best;
  }

  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drag = { x: event.offsetX, y: event.offsetY, from: view.from, to: view.to, scroll, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) {
      const over = operationAt(event.offsetX, event.offsetY);
      canvas.classList.toggle("over", over >= 0);
      canvas.title = over >= 0 ? `#${ops.line[over]} ${ops.text[over]}` : "";
      if (over !== hovered) {
        hovered = over;
        draw();
      }
      return;
    }
    drag.moved ||= Math.abs(event.offsetX - drag.x) + Math.abs(event.offsetY - drag.y) > 4;
    if (!drag.moved) return;
    canvas.classList.add("dragging");
    scroll = drag.scroll + drag.y - event.offsetY;
    const by = ((drag.x - event.offsetX) / (width - kGutter)) * (drag.to - drag.from);
    show(drag.from + by, drag.to + by);
  });
  canvas.addEventListener("pointerup", (event) => {
    canvas.classList.remove("dragging");
    if (drag && !drag.moved) {
      const i = operationAt(event.offsetX, event.offsetY);
      if (i >= 0) pick(i, false);
    }
    drag = null;
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 30 : 1;
      if (event.offsetX < kGutter) {
        scroll += event.deltaY * unit;
        draw();
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        move((((event.deltaX || event.deltaY) * unit) / width) * 0.8);
      } else {
        zoom(Math.exp(event.deltaY * unit * 0.0018), timeAt(event.offsetX));
      }
    },
    { passive: false },
  );
  const overviewTo = (event) => {
    const time = first + ((event.offsetX - kGutter) / (overview.getBoundingClientRect().width - kGutter)) * (last - first);
    const half = (view.to - view.from) / 2;
    show(time - half, time + half);
  };
  overview.addEventListener("pointerdown", (event) => {
    overview.setPointerCapture(event.pointerId);
    overviewTo(event);
  });
  overview.addEventListener("pointermove", (event) => event.buttons === 1 && overviewTo(event));

  const kKeys = {
    "+": () => zoom(0.6),
    "=": () => zoom(0.6),
    "-": () => zoom(1 / 0.6),
    0: showAll,
    v: jump,
    n: () => choose(violation + 1),
    p: () => choose(violation - 1),
    "/": () => element("search").focus(),
    ArrowLeft: () => move(-0.2),
    ArrowRight: () => move(0.2),
    ArrowUp: () => ((scroll -= 3 * kRow), draw()),
    ArrowDown: () => ((scroll += 3 * kRow), draw()),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === element("search")) {
      if (event.key === "Enter") nextMatch(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") {
        event.target.value = "";
        search("");
        canvas.focus();
      }
      return;
    }
    if (!kKeys[event.key]) return;
    event.preventDefault();
    kKeys[event.key]();
  });
  element("search").addEventListener("input", (event) => search(event.target.value));
  element("in").addEventListener("click", () => zoom(0.6));
  element("out").addEventListener("click", () => zoom(1 / 0.6));
  element("all").addEventListener("click", showAll);
  element("jump").addEventListener("click", jump);
  element("next").addEventListener("click", () => choose(violation + 1));
  element("previous").addEventListener("click", () => choose(violation - 1));
  element("save").addEventListener("click", () => {
    const figure = document.querySelector("#figures figure.chosen svg");
    if (!figure) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([figure.outerHTML], { type: "image/svg+xml" }));
    link.download = "core.svg";
    link.click();
  });
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (readColours(), draw()));

  // --- the page as it opens -------------------------------------------------------------------------

  readColours();
  element("facts").textContent = data.facts;
  const worst = ["violated", "undecided", "holds", "vacuous"].find((outcome) => data.verdicts.some((v) => v.outcome === outcome)) ?? "vacuous";
  element("outcome").textContent = worst;
  element("outcome").classList.add(worst);
  element("verdicts").append(
    ...data.verdicts.filter((verdict) => verdict.outcome !== "vacuous").map((verdict) => {
      const button = make("button", verdict.property, verdict.outcome);
      button.dataset.property = verdict.property;
      button.title = verdict.note;
      if (verdict.violations > 0) button.append(make("small", verdict.violations));
      const to = data.violations.findIndex((v) => v.property === verdict.property);
      if (to >= 0) button.addEventListener("click", () => choose(to));
      else button.disabled = true;
      return button;
    }),
  );
  const vacuous = data.verdicts.filter((verdict) => verdict.outcome === "vacuous").map((verdict) => verdict.property);
  if (vacuous.length > 0) element("verdicts").append(make("p", `Nothing was observed that could go against ${vacuous.join(", ")}.`));
  const kLegend = [["get", "read"], ["write", "write"], ["delete", "delete"], ["other", "compare-and-set, transaction"]];
  const used = new Set([...new Set(ops.kind)].map((kind) => kKindColour[data.kinds[kind]]));
  const legend = kLegend.filter(([colour]) => used.has(colour)).map(([colour, text]) => [`--${colour}`, text, ""]);
  if (ops.outcome.includes(kFail)) legend.push(["--soft", "failed", "failed"]);
  if (ops.outcome.includes(kUnknown)) legend.push(["--soft", "unknown", "unknown"]);
  if (hasReplicas) legend.push(["--value", "holds a value", ""], ["--tombstone", "holds a tombstone", ""]);
  if (data.record?.absences.length > 0) legend.push(["--fault", "its process is away", "unknown"]);
  element("legend").append(
    ...legend.map(([colour, text, style]) => {
      const item = make("span", text, style);
      item.style.setProperty("--swatch", `var(${colour})`);
      return item;
    }),
  );

  if (violation >= 0) {
    choose(0);
  } else {
    element("violation-title").textContent = worst === "undecided" ? "Nothing is violated, as far as it was decided" : worst === "vacuous" ? "Nothing was observed" : "Nothing is violated";
    element("story").textContent = data.verdicts.filter((v) => v.outcome !== "vacuous").map((v) => `${v.property}: ${v.outcome} (${v.note}).`).join(" ");
    element("previous").hidden = element("next").hidden = element("jump").hidden = element("figures").hidden = true;
    pick(-1, false);
    showAll();
  }
  element("replica-hint").hidden = !hasReplicas;
  drawLanes();
  drawOverview();

  // For tests, and for whoever looks behind the page: where things stand.
  window.report = {
    openedMs: performance.now(),
    data,
    view: () => ({ from: view.from, to: view.to }),
    core: () => [...core],
    // The middle of an operation's bar, in the canvas's pixels; null if it is not on the screen.
    placeOf(i) {
      const row = rows.find((row) => row.visible && (row.members?.includes(i) || row.operations?.includes(i)));
      if (!row) return null;
      const px = (Math.max(x(ops.from[i]), kGutter) + Math.min(x(endOf(i)), width)) / 2;
      return { x: px, y: row.kind === "core" ? row.y + 3 + kCoreBar / 2 : row.y + row.height / 2 };
    },
  };
})();
