import { useInfiniteQuery, useQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { LIST_KEPT, newer, newest, rows, type Asked, type Page, type Row } from "../api/list";
import { RowList } from "./row_list";

const EVERY = 5_000;
/** Rows that are read beyond the last in sight: few while only the first are looked at. */
const AHEAD = 800;
const AHEAD_FIRST = 100;

export interface List {
  readonly list: RowList;
  /** Grows when a row is no longer what it was. */
  readonly version: number;
  readonly isPending: boolean;
  /** What is shown is still the answer to the question before. */
  readonly isOld: boolean;
  readonly error: Error | null;
  /** Rows up to this one are in sight: reads on until they are there. */
  readonly reach: (index: number) => void;
  readonly change: (name: string, change: Partial<Row>) => void;
  readonly reload: () => void;
  readonly fresh: readonly Row[];
  readonly isFreshLeast: boolean;
  /** Puts what is new on top; how many rows that were. */
  readonly insert: () => number;
  readonly isPaused: boolean;
  readonly setPaused: (isPaused: boolean) => void;
}

/** The list that an address asks for, and what came since. */
export function useList(asked: Asked): List {
  const queries = useQueryClient();
  const [version, changed] = useReducer((before: number) => before + 1, 0);
  const [isPaused, setPaused] = useState(false);
  const query = useInfiniteQuery(rows(asked));
  const pages = query.data?.pages;

  const held = useRef<RowList>(new RowList());
  if (pages !== undefined) {
    if (!held.current.isOf(pages)) {
      held.current = new RowList();
    }
    held.current.take(pages);
  } else if (held.current.length > 0) {
    held.current = new RowList();
  }
  const list = held.current;

  // a list that is asked for anew begins where it was: what came since is what is newer than it
  const start = useQuery({
    queryKey: ["rows-since", asked.filter],
    queryFn: ({ signal }) => newest(asked.filter, signal),
    staleTime: Infinity,
    gcTime: LIST_KEPT,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const [later, setLater] = useState<{ readonly of: string; readonly since: string }>();
  const since = later?.of === asked.filter ? later.since : start.data;
  const arrivals = useQuery({
    queryKey: ["rows-newer", asked.filter, since],
    queryFn: ({ signal }) => newer(asked.filter, since ?? "", signal),
    enabled: since !== undefined && !isPaused,
    refetchInterval: EVERY,
    gcTime: 0,
  });
  const arrived = isPaused || query.isPlaceholderData ? undefined : arrivals.data;
  const fresh = useMemo(() => list.unknown(arrived?.rows ?? []), [list, arrived, pages, version]);

  const wanted = useRef(0);
  const read = useCallback(() => {
    if (query.hasNextPage && !query.isFetching && list.length < wanted.current) {
      void query.fetchNextPage();
    }
  }, [query, list]);
  useEffect(read);

  return {
    list,
    version,
    isPending: query.isPending,
    isOld: query.isPlaceholderData,
    error: query.error,
    reach: useCallback(
      (index: number) => {
        wanted.current = index + (index < AHEAD_FIRST ? AHEAD_FIRST : AHEAD);
        read();
      },
      [read],
    ),
    change: useCallback((name, change) => {
      held.current.change(name, change);
      changed();
    }, []),
    reload: () => {
      setLater(undefined);
      void queries.resetQueries({ queryKey: ["rows-since", asked.filter] });
      // the first page is there until it is read again, the others are read when they are looked at
      const first = ({ pages: read, pageParams }: InfiniteData<Page, string>) => ({
        pages: read.slice(0, 1),
        pageParams: pageParams.slice(0, 1),
      });
      queries.setQueryData<InfiniteData<Page, string>>(["rows", asked], (before) => before && first(before));
      void queries.invalidateQueries({ queryKey: ["rows", asked] });
      void queries.invalidateQueries({ queryKey: ["groups"] });
      void queries.invalidateQueries({ queryKey: ["histogram"] });
    },
    fresh,
    isFreshLeast: (arrived?.next ?? "") !== "",
    insert: () => {
      const last = arrived?.rows.at(-1)?.createTime;
      const count = list.arrive(arrived?.rows ?? []);
      if (last !== undefined) {
        setLater({ of: asked.filter, since: last });
      }
      changed();
      return count;
    },
    isPaused,
    setPaused,
  };
}
