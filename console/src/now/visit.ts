// When the reader was here last, in this browser.

type Kept = Pick<Storage, "getItem" | "setItem">;

const LAST = "vedette.visit";
/** In this tab: the visit before this one, however often the page is looked at meanwhile. */
const BEFORE = "vedette.visit.before";
const NEVER = "never";

function time(said: string | null): string | undefined {
  return said === null || Number.isNaN(Date.parse(said)) ? undefined : said;
}

/** When the visit before this one ended; undefined on the first. */
export function before(browser: Kept, tab: Kept): string | undefined {
  const known = tab.getItem(BEFORE);
  if (known !== null) {
    return time(known);
  }
  const last = time(browser.getItem(LAST));
  tab.setItem(BEFORE, last ?? NEVER);
  return last;
}

export function leave(browser: Kept, now: number): void {
  browser.setItem(LAST, new Date(now).toISOString());
}

/** Everything until now was seen. */
export function saw(browser: Kept, tab: Kept, now: number): string {
  leave(browser, now);
  const said = new Date(now).toISOString();
  tab.setItem(BEFORE, said);
  return said;
}
