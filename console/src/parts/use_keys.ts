import { useEffect, useRef, useState } from "react";
import { addLayer, nextOrder, type Bindings } from "./keys";

/**
 * Binds keys (`j`, `Enter`, `g n`, `Ctrl-K`) while the caller is mounted. Where several bind a key, the deepest caller has it.
 * Each key's words for the help dialog are `keys.KEY` of the message catalogues.
 */
export function useKeys(bindings: Bindings): void {
  // parents are rendered before their children, while their effects run after them
  const [order] = useState(nextOrder);
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  useEffect(() => addLayer({ order, bindings: () => latest.current }), [order]);
}
