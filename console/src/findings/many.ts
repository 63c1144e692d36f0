/** Requests under way at once: a server that is asked for thousands goes on answering others. */
const AT_ONCE = 6;

export interface Failure<T> {
  readonly item: T;
  readonly message: string;
}

export interface Outcome<T> {
  readonly done: readonly T[];
  readonly failed: readonly Failure<T>[];
  /** What was not begun, because it was stopped. */
  readonly left: readonly T[];
}

/** Does something to each of many, a few at a time. One that fails keeps none of the others from being done. */
export async function forEach<T>(
  items: readonly T[],
  act: (item: T) => Promise<unknown>,
  signal: AbortSignal,
  onProgress: (finished: number) => void,
): Promise<Outcome<T>> {
  const done: T[] = [];
  const failed: Failure<T>[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length && !signal.aborted) {
      const item = items[next] as T;
      next += 1;
      try {
        await act(item);
        done.push(item);
      } catch (error) {
        failed.push({ item, message: error instanceof Error ? error.message : String(error) });
      }
      onProgress(done.length + failed.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  return { done, failed, left: items.slice(next) };
}
