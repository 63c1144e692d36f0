// What keys do: layers of bindings, the deepest first, and sequences such as `g n`.

export type Bindings = Readonly<Record<string, () => void>>;

interface Layer {
  /** The later a caller was rendered first, the deeper it is. */
  readonly order: number;
  readonly bindings: () => Bindings;
}

/** How long the second key of a sequence may take. */
const SEQUENCE_MS = 1_200;

/** Where keys write, or do what the element does. */
const WRITES = "input, textarea, select, [contenteditable]:not([contenteditable='false']), [role='textbox'], .cm-editor, [role='dialog']";
const ACTS = "a[href], button, summary, [role='button'], [role='tab'], [role='menuitem'], [role='option']";

const layers: Layer[] = [];
let orders = 0;
let held = "";
let heldAt = 0;

export function nextOrder(): number {
  orders += 1;
  return orders;
}

export function addLayer(layer: Layer): () => void {
  layers.push(layer);
  layers.sort((one, other) => other.order - one.order);
  // once, however often it is added
  document.addEventListener("keydown", pressed);
  return () => {
    layers.splice(layers.indexOf(layer), 1);
    if (layers.length === 0) {
      document.removeEventListener("keydown", pressed);
    }
  };
}

/** What each key does now: of several layers, the deepest that binds it. */
export function activeBindings(): ReadonlyMap<string, () => void> {
  const active = new Map<string, () => void>();
  for (const layer of layers) {
    for (const [key, act] of Object.entries(layer.bindings())) {
      if (!active.has(key)) {
        active.set(key, act);
      }
    }
  }
  return active;
}

interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly isComposing: boolean;
  readonly defaultPrevented: boolean;
  readonly target: EventTarget | null;
}

/** The key's name, empty when the press is somebody else's. */
function nameOf(press: Press, hasDialog: boolean): string {
  if (press.defaultPrevented || press.isComposing || press.altKey || hasDialog) {
    return "";
  }
  if (press.ctrlKey || press.metaKey) {
    return press.key.toLowerCase() === "k" ? "Ctrl-K" : "";
  }
  const target = press.target instanceof Element ? press.target : undefined;
  const isTaken = target?.closest(WRITES) != null || ((press.key === "Enter" || press.key === " ") && target?.closest(ACTS) != null);
  return isTaken ? "" : press.key;
}

/** What a press does; nothing when it begins a sequence or means nothing. */
export function bound(press: Press, hasDialog: boolean, now: number): (() => void) | "begun" | undefined {
  const name = nameOf(press, hasDialog);
  const first = now - heldAt <= SEQUENCE_MS ? held : "";
  if (name === "") {
    return undefined;
  }
  held = "";
  const active = activeBindings();
  const found = (first === "" ? undefined : active.get(`${first} ${name}`)) ?? active.get(name);
  if (found === undefined && [...active.keys()].some((key) => key.startsWith(`${name} `))) {
    held = name;
    heldAt = now;
    return "begun";
  }
  return found;
}

function pressed(event: KeyboardEvent): void {
  const hasDialog = document.querySelector("[aria-modal='true']") !== null;
  // an editor in a tree of its own says no more than where it stands
  const target = event.composedPath()[0] ?? event.target;
  const { key, ctrlKey, metaKey, altKey, isComposing, defaultPrevented } = event;
  const press = { key, ctrlKey, metaKey, altKey, isComposing, defaultPrevented, target };
  const found = bound(press, hasDialog, Date.now());
  if (found !== undefined) {
    event.preventDefault();
  }
  if (typeof found === "function") {
    found();
  }
}
