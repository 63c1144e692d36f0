import { useEffect, useRef, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { en } from "../../messages/en";
import { isKnown } from "../../text/known";
import { shorten } from "../../text/shorten";
import { layout, type Drawn, type Placed } from "./layout";
import { PEER, type Channel, type Story, type StoryProcess } from "./model";
import { typed, walk } from "./walk";

export type Selection = string;

interface Tree {
  readonly story: Story;
  readonly selected: Selection;
  /** What belongs to what is selected. */
  readonly linked: ReadonlySet<string>;
  readonly onSelect: (selected: Selection) => void;
}

/** Letters typed within this many milliseconds are one word. */
const TYPING = 700;

export function useNames() {
  const { t } = useTranslation();
  return {
    role: (role: string) => (isKnown(en.finding.roles, role) ? t(`finding.roles.${role}`) : shorten(role, 24)),
    channel: (channel: string) =>
      isKnown(en.finding.channels, channel) ? t(`finding.channels.${channel}`) : shorten(channel, 24),
    flows: ({ flows }: Channel) => flows.map((flow) => t(`finding.flows.${flow}`)).join(", "),
  };
}

function Box({ box, isSelected, isLinked, title, subtitle, kind }: {
  readonly box: Placed;
  readonly isSelected: boolean;
  readonly isLinked: boolean;
  readonly title: string;
  readonly subtitle: string;
  readonly kind: string;
}) {
  const names = ["story-box", `story-${kind}`];
  if (isSelected) names.push("is-selected");
  if (isLinked) names.push("is-linked");
  return (
    <>
      <rect className={names.join(" ")} x={box.x} y={box.y} width={box.width} height={box.height} rx={kind === "peer" ? 21 : 6} />
      <text className="story-name" x={box.x + 14} y={box.y + 17}>
        {title}
      </text>
      <text className="story-under" x={box.x + 14} y={box.y + 33}>
        {subtitle}
      </text>
    </>
  );
}

function Curve({ drawn, isLinked, label }: { readonly drawn: Drawn; readonly isLinked: boolean; readonly label: string }) {
  return (
    <g className={isLinked ? "story-channel is-linked" : "story-channel"}>
      <path d={drawn.path} />
      {drawn.label !== undefined && (
        <text x={drawn.label.x} y={drawn.label.y + 4}>
          {label}
        </text>
      )}
    </g>
  );
}

/** Number among the children of one parent, from one, and how many these are. */
function places(processes: readonly StoryProcess[], hasPeer: boolean) {
  const counts = new Map<string | undefined, number>(hasPeer ? [[undefined, 1]] : []);
  const first = new Map<string | undefined, number>();
  const found = new Map<string, readonly [number, string | undefined]>();
  for (const { id, parent } of processes) {
    counts.set(parent, (counts.get(parent) ?? 0) + 1);
    const at = (first.get(parent) ?? 0) + 1;
    first.set(parent, at);
    found.set(id, [at, parent]);
  }
  return { at: (id: string) => found.get(id)?.[0] ?? 1, of: (id: string) => counts.get(found.get(id)?.[1]) ?? 1, roots: counts.get(undefined) ?? 1 };
}

/** The picture is for the eye; beside it stands the same tree for the keyboard and for screen readers, and both select. */
export function ProcessTree({ story, selected, linked, onSelect }: Tree) {
  const { t } = useTranslation();
  const names = useNames();
  const picture = layout(story);
  const frame = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const word = useRef({ letters: "", at: 0 });
  const byId = new Map(story.processes.map((process) => [process.id, process]));
  const steps = [
    ...story.processes.map(({ id, parent, name }) => ({ id, parent, name: name.slice(0, 200) })),
    ...(story.peer === undefined ? [] : [{ id: PEER, parent: undefined, name: story.peer.address }]),
  ];
  const current = steps.some(({ id }) => id === selected) ? selected : (steps.find(({ id }) => linked.has(id)) ?? steps[0])?.id;
  const place = places(story.processes, story.peer !== undefined);

  const shown = useRef(selected);
  useEffect(() => {
    // what is selected at the beginning moves nothing
    if (shown.current === selected) {
      return;
    }
    shown.current = selected;
    frame.current?.querySelector(".is-selected")?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [selected]);

  const title = ({ name, pid, facts }: StoryProcess) =>
    [
      shorten(name, facts?.userId === "0" ? 9 : 15) || "?",
      pid === "" ? "" : t("finding.pid", { pid: shorten(pid, 8) }),
      facts?.userId === "0" ? "root" : "",
    ]
      .filter(Boolean)
      .join(" · ");
  const subtitle = ({ role, facts }: StoryProcess) =>
    shorten([role === "" ? "" : names.role(role), facts?.binary?.path ?? ""].filter(Boolean).join(" · "), 36);
  const ends = (id: string) => (id === PEER ? (story.peer?.address ?? "") : title(byId.get(id) as StoryProcess));
  const spoken = (id: string) =>
    story.channels
      .filter(({ from, to }) => from === id || to === id)
      .map((channel) =>
        t("finding.storyChannel", {
          channel: [names.channel(channel.channel), names.flows(channel)].filter(Boolean).join(", "),
          what: shorten(ends(channel.from === id ? channel.to : channel.from), 80),
        }),
      );
  const go = (to: string | undefined) => {
    if (to !== undefined) {
      onSelect(to);
      list.current?.querySelector<HTMLElement>(`[data-id="${to}"]`)?.focus();
    }
  };
  const press = (event: KeyboardEvent) => {
    if (current === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const to = walk(steps, current, event.key);
    if (to !== undefined) {
      event.preventDefault();
      go(to);
    } else if (event.key.length === 1 && /[^\s\d?]/.test(event.key)) {
      const isSame = event.timeStamp - word.current.at < TYPING;
      const letters = isSame && word.current.letters !== event.key ? word.current.letters + event.key : event.key;
      word.current = { letters, at: event.timeStamp };
      const named = typed(steps, current, letters);
      if (named !== undefined) {
        // the letter was for the tree, not for the page
        event.preventDefault();
        go(named);
      }
    }
  };

  return (
    <div ref={frame} className="story-frame">
      <ul ref={list} role="tree" aria-label={t("finding.storyTree")} className="visually-hidden" onKeyDown={press}>
        {story.processes.map((process) => (
          <li
            key={process.id}
            data-id={process.id}
            role="treeitem"
            aria-level={process.depth + 1}
            aria-posinset={place.at(process.id)}
            aria-setsize={place.of(process.id)}
            aria-selected={process.id === selected}
            aria-label={[title(process), subtitle(process), ...spoken(process.id)].join("; ")}
            tabIndex={process.id === current ? 0 : -1}
            onFocus={() => onSelect(process.id)}
          />
        ))}
        {story.peer !== undefined && (
          <li
            data-id={PEER}
            role="treeitem"
            aria-level={1}
            aria-posinset={place.roots}
            aria-setsize={place.roots}
            aria-selected={selected === PEER}
            aria-label={[t("finding.peer"), shorten(story.peer.address, 80), ...spoken(PEER)].join("; ")}
            tabIndex={current === PEER ? 0 : -1}
            onFocus={() => onSelect(PEER)}
          />
        )}
      </ul>
      <svg
        aria-hidden="true"
        width={picture.width}
        height={picture.height}
        viewBox={`0 0 ${picture.width} ${picture.height}`}
      >
        {picture.branches.map(({ id, path }) => (
          <path key={id} className="story-branch" d={path} />
        ))}
        {picture.channels.map((drawn, index) => (
          <Curve
            key={index}
            drawn={drawn}
            isLinked={[drawn.channel.from, drawn.channel.to].includes(selected)}
            label={shorten(names.channel(drawn.channel.channel), 18)}
          />
        ))}
        {picture.boxes.map((box) => {
          const process = byId.get(box.id);
          return (
            <g key={box.id} className="story-node" onClick={() => go(box.id)}>
              <Box
                box={box}
                isSelected={box.id === selected}
                isLinked={linked.has(box.id)}
                kind={process === undefined ? "peer" : process.role === "SHELL" ? "shell" : "process"}
                title={process === undefined ? shorten(story.peer?.address ?? "", 28) : title(process)}
                subtitle={
                  process === undefined
                    ? [t("finding.peer"), shorten(story.peer?.transport.toUpperCase() ?? "", 10)].filter(Boolean).join(" · ")
                    : subtitle(process)
                }
              />
            </g>
          );
        })}
      </svg>
    </div>
  );
}
