import { memo, useEffect, useImperativeHandle, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent, type Ref } from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useTranslation } from "react-i18next";
import type { Row } from "../api/list";
import { local } from "../text/time";
import type { Density, Sort, SortField } from "./address";
import { shown, type Column, type Words } from "./columns";
import type { RowList } from "./row_list";
import { isSelected, type Selection } from "./selection";

export const ROW_HEIGHTS: Readonly<Record<Density, number>> = { comfortable: 40, compact: 28 };
const OVERSCAN = 14;
/** How long the second key of a sequence such as `g n` may take. */
const SEQUENCE_MS = 1_200;

export interface TableHandle {
  /** Rows came on top: what is in sight stays where it is. */
  readonly shift: (count: number) => void;
  readonly toTop: () => void;
  readonly focus: () => void;
}

export interface TableProps {
  /** What the list answers: another one begins at the top. */
  readonly question: string;
  readonly list: RowList;
  readonly version: number;
  readonly columns: readonly Column[];
  readonly density: Density;
  readonly sort: Sort;
  readonly selection: Selection;
  readonly isOld: boolean;
  readonly handle: Ref<TableHandle>;
  /** Where the list was left. */
  readonly place: { readonly top: number; readonly current: number };
  readonly onPlace: (place: { readonly top: number; readonly current: number }) => void;
  /** The first row is in sight. */
  readonly onTop: () => void;
  readonly onReach: (index: number) => void;
  readonly onSort: (field: SortField) => void;
  readonly onSelect: (names: readonly string[], isIn: boolean) => void;
  readonly onFilter: (column: Column, value: string, isOut: boolean) => void;
  readonly onOpen: (name: string) => void;
  /** Whether a row is no longer what was asked for: it stays where it is, and shows so. */
  readonly isGone: (row: Row) => boolean;
  /** Keys that are the page's. True when it was one. */
  readonly onKey: (event: KeyboardEvent, row: Row | undefined) => boolean;
}

/** In this frame, with the rows that are then in sight: told of it later, one frame would be empty. */
function scrollTo(element: HTMLElement, top: number): void {
  element.scrollTop = top;
  element.dispatchEvent(new Event("scroll"));
}

export function target(name: string): string {
  return `/finding/${name}`;
}

interface RowProps {
  readonly index: number;
  readonly start: number;
  readonly height: number;
  readonly row: Row | undefined;
  readonly version: number;
  readonly columns: readonly Column[];
  readonly template: string;
  /** The cell that keys act on; undefined in other rows. */
  readonly cell: number | undefined;
  readonly isSelected: boolean;
  readonly isArrived: boolean;
  readonly isGone: boolean;
  readonly labels: { readonly select: string; readonly filterBy: string };
  readonly words: Words;
}

// No component, no hook and no listener of its own in a cell: while one scrolls, hundreds are drawn between two frames.
function cellOf(column: Column, row: Row, words: Words, filterBy: string) {
  const content = shown(column, row, words);
  if (column.key === "category") {
    return (
      <>
        <a href={target(row.name)} tabIndex={-1}>
          {content}
        </a>
        <button type="button" className="filter-by" data-filter tabIndex={-1} aria-label={filterBy} title={filterBy}>
          <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
            <path d="M1 2h14l-5.5 6.5V14l-3-1.5v-4z" fill="currentColor" />
          </svg>
        </button>
      </>
    );
  }
  return column.field === undefined || column.value(row) === "" ? (
    content
  ) : (
    <button type="button" className="value" data-filter tabIndex={-1} title={filterBy}>
      {content}
    </button>
  );
}

const TableRow = memo(function TableRow(props: RowProps) {
  const { index, start, height, row, columns, template, cell, labels, words } = props;
  const style = { transform: `translateY(${start}px)`, height, gridTemplateColumns: template };
  const classes = ["row", cell === undefined ? "" : "current", props.isSelected ? "selected" : "", props.isArrived ? "arrived" : "", props.isGone ? "gone" : ""];
  if (row === undefined) {
    return (
      <div id={`row-${index}`} role="row" aria-rowindex={index + 2} aria-busy="true" className={classes.join(" ")} style={style} data-index={index}>
        <span role="gridcell" />
        {columns.map((column) => (
          <span key={column.key} role="gridcell">
            <span className="placeholder" />
          </span>
        ))}
      </div>
    );
  }
  return (
    <div
      id={`row-${index}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={props.isSelected}
      className={classes.join(" ")}
      style={style}
      data-index={index}
    >
      <span role="gridcell" id={cell === -1 ? "cell" : undefined}>
        <input type="checkbox" tabIndex={-1} aria-label={labels.select} checked={props.isSelected} readOnly />
      </span>
      {columns.map((column, at) => (
        <span key={column.key} role="gridcell" data-column={at} id={cell === at ? "cell" : undefined} className={cell === at ? "cell" : undefined}>
          {cellOf(column, row, words, labels.filterBy)}
        </span>
      ))}
    </div>
  );
});

/** Only the rows in sight are in the page; places of those that are still to be read have their height already. */
export function FindingsTable(props: TableProps) {
  const { list, version, columns, density, selection, place, onPlace, onReach, onSelect } = props;
  const { t, i18n } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(place.current);
  const [column, setColumn] = useState(0);
  const anchor = useRef(place.current);
  /** When `g` was pressed: the key after it is the application's. */
  const prefix = useRef(-SEQUENCE_MS);
  const height = ROW_HEIGHTS[density];
  const places = list.places;
  const virtual = useVirtualizer({
    count: places,
    getScrollElement: () => frame.current,
    estimateSize: () => height,
    overscan: OVERSCAN,
    initialOffset: place.top,
    // the heading stands before the first row, and covers as much of those that are scrolled
    scrollMargin: height,
    scrollPaddingStart: height,
  });
  useEffect(() => virtual.measure(), [height, virtual]);
  const asked = useRef(props.question);
  useEffect(() => {
    if (asked.current !== props.question) {
      asked.current = props.question;
      anchor.current = 0;
      setCurrent(0);
      virtual.scrollToOffset(0);
    }
  }, [props.question, virtual]);
  const inSight = virtual.getVirtualItems();
  // as many as are ever in sight at once
  const slots = Math.ceil((virtual.scrollRect?.height ?? 0) / height) + 2 * OVERSCAN + 2;
  const last = inSight.at(-1)?.index ?? 0;
  useEffect(() => onReach(last), [last, onReach]);
  useEffect(() => {
    onPlace({ top: frame.current?.scrollTop ?? 0, current });
  }, [current]);
  const template = useMemo(() => `2rem ${columns.map(({ width }) => width).join(" ")}`, [columns]);
  const labels = useMemo(() => ({ select: t("findings.select"), filterBy: t("findings.filterBy") }), [t]);

  useImperativeHandle(props.handle, () => ({
    shift: (count) => {
      const element = frame.current;
      if (element !== null && count > 0) {
        setCurrent((before) => before + count);
        anchor.current += count;
        // the list grows with the next frame: only then is there something to scroll to
        requestAnimationFrame(() => scrollTo(element, element.scrollTop + count * height));
      }
    },
    toTop: () => {
      if (frame.current !== null) {
        scrollTo(frame.current, 0);
      }
      setCurrent(0);
    },
    focus: () => frame.current?.focus({ preventScroll: true }),
  }));

  const words = useMemo(
    (): Words => ({
      severity: t("severity", { returnObjects: true }),
      state: t("state", { returnObjects: true }),
      mute: t("mute", { returnObjects: true }),
    }),
    [t],
  );

  const move = (to: number) => {
    const index = Math.max(0, Math.min(places - 1, to));
    setCurrent(index);
    virtual.scrollToIndex(index);
    return index;
  };
  /** Rows between the last that was chosen and this one. */
  const select = (to: number, isRange: boolean) => {
    const [from, until] = isRange ? [Math.min(anchor.current, to), Math.max(anchor.current, to)] : [to, to];
    const names: string[] = [];
    for (let index = from; index <= until; index += 1) {
      const row = list.at(index);
      if (row !== undefined) {
        names.push(row.name);
      }
    }
    const row = list.at(to);
    if (row !== undefined) {
      onSelect(names, isRange || !isSelected(selection, row.name));
    }
    if (!isRange) {
      anchor.current = to;
    }
  };
  const press = (event: KeyboardEvent) => {
    const row = list.at(current);
    if (props.onKey(event, row)) {
      event.preventDefault();
      return;
    }
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 0) / height) - 2);
    const steps: Readonly<Record<string, number>> = {
      j: 1,
      ArrowDown: 1,
      k: -1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -places,
      End: places,
    };
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const isSecond = event.timeStamp - prefix.current < SEQUENCE_MS;
    prefix.current = event.key === "g" ? event.timeStamp : -SEQUENCE_MS;
    if (isSecond) {
      return;
    }
    const step = steps[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const at = columns[column];
    if (step !== undefined && isPlain) {
      const to = move(current + step);
      if (event.shiftKey) {
        select(to, true);
      }
    } else if (event.key === "ArrowRight" && isPlain) {
      setColumn(Math.min(columns.length - 1, column + 1));
    } else if (event.key === "ArrowLeft" && isPlain) {
      setColumn(Math.max(0, column - 1));
    } else if (event.key === "Enter" && row !== undefined) {
      props.onOpen(row.name);
    } else if ((event.key === " " || event.key.toLowerCase() === "x") && isPlain) {
      select(current, event.shiftKey);
    } else if (event.key.toLowerCase() === "f" && isPlain && row !== undefined && at !== undefined) {
      props.onFilter(at, at.value(row), event.shiftKey);
    } else {
      return;
    }
    event.preventDefault();
  };
  const click = (event: MouseEvent) => {
    const element = event.target as Element;
    const index = Number(element.closest("[data-index]")?.getAttribute("data-index") ?? Number.NaN);
    if (Number.isNaN(index)) {
      return;
    }
    setCurrent(index);
    const row = list.at(index);
    const of = columns[Number(element.closest("[data-column]")?.getAttribute("data-column") ?? Number.NaN)];
    if (element.closest("[data-filter]") !== null && row !== undefined && of !== undefined) {
      props.onFilter(of, of.value(row), event.shiftKey);
    } else if (element.closest("a") !== null && row !== undefined) {
      // elsewhere than here: as the browser does with links
      if (event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        props.onOpen(row.name);
      }
    } else if (element.matches("input, [role=gridcell]:first-child") || event.shiftKey) {
      select(index, event.shiftKey);
    }
  };
  /** The same moment where the reader is, once it is asked for: to say it of every row takes too long. */
  const explain = (event: MouseEvent) => {
    const time = (event.target as Element).closest("time");
    if (time !== null) {
      time.title = local(time.dateTime, i18n.language);
    }
  };

  const heading = (of: Column) => {
    const sort = of.sort;
    const label = t(`findings.columns.${of.key}`);
    if (sort === undefined) {
      return label;
    }
    const isSorted = props.sort.field === sort;
    return (
      <button type="button" className="sort" onClick={() => props.onSort(sort)}>
        {label}
        <span aria-hidden="true">{isSorted ? (props.sort.isDescending ? " ↓" : " ↑") : ""}</span>
      </button>
    );
  };
  const sorted = (of: Column) =>
    of.sort !== undefined && props.sort.field === of.sort ? (props.sort.isDescending ? "descending" : "ascending") : undefined;

  return (
    <div
      ref={frame}
      className={`findings ${density} ${props.isOld ? "old" : ""}`}
      role="grid"
      aria-label={t("findings.table")}
      aria-rowcount={places + 1}
      aria-multiselectable="true"
      aria-busy={props.isOld}
      aria-activedescendant={places > 0 ? (list.at(current) === undefined ? `row-${current}` : "cell") : undefined}
      tabIndex={0}
      onKeyDown={press}
      onClick={click}
      onMouseOver={explain}
      // a range of rows, not of text
      onMouseDown={(event) => event.shiftKey && event.preventDefault()}
      onScroll={(event) => {
        onPlace({ top: event.currentTarget.scrollTop, current });
        if (event.currentTarget.scrollTop === 0) {
          props.onTop();
        }
      }}
    >
      <div role="row" aria-rowindex={1} className="row heading" style={{ gridTemplateColumns: template, height }}>
        <span role="columnheader">
          <span className="pf-v6-screen-reader">{t("findings.select")}</span>
        </span>
        {columns.map((of) => (
          <span key={of.key} role="columnheader" aria-sort={sorted(of)}>
            {heading(of)}
          </span>
        ))}
      </div>
      <div role="rowgroup" className="rows" style={{ height: virtual.getTotalSize() }}>
        {inSight.map(({ index, start }) => {
          const row = list.at(index);
          return (
            <TableRow
              // rows that leave are drawn anew as those that come
              key={index % slots}
              index={index}
              start={start - height}
              height={height}
              row={row}
              version={version}
              columns={columns}
              template={template}
              cell={index === current ? column : undefined}
              isSelected={row !== undefined && isSelected(selection, row.name)}
              isArrived={list.isArrived(index)}
              isGone={row !== undefined && props.isGone(row)}
              labels={labels}
              words={words}
            />
          );
        })}
      </div>
    </div>
  );
}
