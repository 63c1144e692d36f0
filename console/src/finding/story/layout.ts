// Where the picture of a story puts things: a row for each process, indented under its parent, channels as curves on the right,
// the other end of the connection at the far right.

import { PEER, type Channel, type Story } from "./model";

export const ROW = 56;
export const BOX = { width: 240, height: 42 };
const INDENT = 22;
/** Deeper processes are indented no further: the picture stays in sight. */
const DEEPEST = 8;
const LEFT = 8;
/** Between two curves that stand beside each other. */
const GAP = 30;
const LABEL = 84;
/** Before the peer. */
const ROOM = 70;

export interface Placed {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Drawn {
  readonly path: string;
  /** Absent where another curve beside it has the same words. */
  readonly label: { readonly x: number; readonly y: number } | undefined;
  readonly channel: Channel;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Placed[];
  /** From a parent down to its child. */
  readonly branches: readonly { readonly id: string; readonly path: string }[];
  readonly channels: readonly Drawn[];
}

const middle = ({ y, height }: Placed) => y + height / 2;

/** Curves that share a row stand beside each other: each takes the first lane that is free from its first row to its last. */
function lanesOf(spans: readonly (readonly [number, number])[]): number[] {
  const taken: (readonly [number, number])[][] = [];
  return spans.map(([from, to]) => {
    let lane = taken.findIndex((held) => held.every(([a, b]) => to < a || from > b));
    if (lane < 0) {
      lane = taken.length;
    }
    (taken[lane] ??= []).push([from, to]);
    return lane;
  });
}

export function layout(story: Story): Picture {
  const boxes = story.processes.map(({ id, depth }, row): Placed => {
    return { id, x: LEFT + INDENT * Math.min(depth, DEEPEST), y: LEFT + ROW * row, ...BOX };
  });
  const placeOf = new Map(boxes.map((box) => [box.id, box]));
  const branches = story.processes.flatMap(({ id, parent, depth }) => {
    const child = placeOf.get(id);
    const above = parent === undefined ? undefined : placeOf.get(parent);
    if (child === undefined || above === undefined) {
      return [];
    }
    // beyond the deepest indentation a child stands straight below its parent
    const x = depth > DEEPEST ? child.x + 6 : above.x + INDENT / 2;
    const path = `M${x} ${above.y + above.height}V${middle(child)}H${child.x}`;
    return [{ id, path }];
  });

  const right = Math.max(LEFT + BOX.width, ...boxes.map(({ x, width }) => x + width));
  const between = story.channels.filter(({ to }) => to !== PEER);
  const spans = between.map(({ from, to }) => {
    const rows = [middle(placeOf.get(from) as Placed), middle(placeOf.get(to) as Placed)];
    return [Math.min(...rows), Math.max(...rows)] as const;
  });
  const lanes = lanesOf(spans);
  const widest = lanes.length === 0 ? 0 : Math.max(...lanes) + 1;
  const edge = right + 16 + GAP * widest + (widest === 0 ? 0 : LABEL);
  const channels = between.map((channel, index): Drawn => {
    const from = placeOf.get(channel.from) as Placed;
    const to = placeOf.get(channel.to) as Placed;
    const out = right + 16 + GAP * ((lanes[index] ?? 0) + 1) - 12;
    // a little apart, so that two channels of one process do not end in one point
    const shift = ((lanes[index] ?? 0) % 3) * 6 - 6;
    const a = { x: from.x + from.width, y: middle(from) + shift };
    const b = { x: to.x + to.width, y: middle(to) + shift };
    return {
      channel,
      path: `M${a.x} ${a.y}C${out + 12} ${a.y} ${out + 12} ${b.y} ${b.x} ${b.y}`,
      label: { x: Math.max(out - 16, right + 4), y: (a.y + b.y) / 2 },
    };
  });

  let width = edge;
  if (story.peer !== undefined) {
    const holders = story.channels.filter(({ to }) => to === PEER).map(({ from }) => placeOf.get(from) as Placed);
    const rows = holders.map(middle);
    const centre = rows.length === 0 ? LEFT + BOX.height / 2 : rows.reduce((sum, row) => sum + row, 0) / rows.length;
    const peer: Placed = { id: PEER, x: edge + ROOM, y: Math.max(LEFT, centre - BOX.height / 2), ...BOX };
    boxes.push(peer);
    for (const [index, channel] of story.channels.filter(({ to }) => to === PEER).entries()) {
      const from = placeOf.get(channel.from) as Placed;
      const a = { x: from.x + from.width, y: middle(from) };
      const b = { x: peer.x, y: middle(peer) };
      channels.push({
        channel,
        path: `M${a.x} ${a.y}C${(a.x + b.x) / 2} ${a.y} ${(a.x + b.x) / 2} ${b.y} ${b.x} ${b.y}`,
        label: index === 0 ? { x: peer.x - ROOM + 8, y: b.y - 12 } : undefined,
      });
    }
    width = peer.x + peer.width;
  }
  const bottom = Math.max(0, ...boxes.map(({ y, height }) => y + height));
  return { width: width + LEFT, height: bottom + LEFT, boxes, branches, channels };
}
