import type { Page, Row } from "../api/list";

/** More would make the list higher than a browser lets an element be. */
export const SHOWN_MAX = 400_000;
/** Rows that are kept free for what the server has not counted. */
const UNCOUNTED = 200;

/** The rows of a list in their order: those that arrived since, then the pages as far as they were read. */
export class RowList {
  private readonly read: Row[] = [];
  private readonly pages: Page[] = [];
  private arrived: Row[] = [];
  private readonly known = new Map<string, Row>();

  /** Takes the pages that are new. A row that is there already is not there twice. */
  take(pages: readonly Page[]): void {
    for (const page of pages.slice(this.pages.length)) {
      this.pages.push(page);
      for (const row of page.rows) {
        if (!this.known.has(row.name)) {
          this.known.set(row.name, row);
          this.read.push(row);
        }
      }
    }
  }

  /** Whether it was made of the beginning of these pages. */
  isOf(pages: readonly Page[]): boolean {
    return this.pages.length <= pages.length && this.pages.every((page, index) => page === pages[index]);
  }

  /** Puts what arrived on top, the newest first. How many rows were not there yet. */
  arrive(rows: readonly Row[]): number {
    const fresh = this.unknown(rows);
    for (const row of fresh) {
      this.known.set(row.name, row);
    }
    this.arrived = [...[...fresh].sort((one, other) => Date.parse(other.eventTime) - Date.parse(one.eventTime)), ...this.arrived];
    return fresh.length;
  }

  unknown(rows: readonly Row[]): readonly Row[] {
    return rows.filter((row) => !this.known.has(row.name));
  }

  /** What became of a row by what the reader did. It stays where it is. */
  change(name: string, change: Partial<Row>): void {
    const row = this.known.get(name);
    if (row !== undefined) {
      Object.assign(row, change);
    }
  }

  at(index: number): Row | undefined {
    return index < this.arrived.length ? this.arrived[index] : this.read[index - this.arrived.length];
  }

  get(name: string): Row | undefined {
    return this.known.get(name);
  }

  isArrived(index: number): boolean {
    return index < this.arrived.length;
  }

  get arrivedCount(): number {
    return this.arrived.length;
  }

  /** How many rows can be shown. */
  get length(): number {
    return this.arrived.length + this.read.length;
  }

  /** How many rows there are, as far as the server has counted them. */
  get total(): number {
    return Math.max(this.arrived.length + (this.pages[0]?.total ?? 0), this.length);
  }

  get isLeast(): boolean {
    return this.hasMore && (this.pages[0]?.isLeast ?? false);
  }

  get hasMore(): boolean {
    return (this.pages.at(-1)?.next ?? "") !== "";
  }

  /** How many places the list has: those of rows that are still to be read included. */
  get places(): number {
    if (!this.hasMore) {
      return Math.min(this.length, SHOWN_MAX);
    }
    return Math.min(Math.max(this.total, this.isLeast ? this.length + UNCOUNTED : 0), SHOWN_MAX);
  }
}
