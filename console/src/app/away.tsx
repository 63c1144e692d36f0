import { Alert } from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Refused } from "../api/client";
import { utc } from "../text/time";

/** An answer, though not the one that was hoped for. */
function isRefusal(reason: Error | null): boolean {
  return reason instanceof Refused && reason.status < 500;
}

/** Says that what is shown grows old, and since when. */
export function Away() {
  const { t } = useTranslation();
  const cache = useQueryClient().getQueryCache();
  const [since, setSince] = useState<number>();
  useEffect(() => {
    let isMounted = true;
    const look = () => {
      const failing = cache.getAll().filter(
        (query) => query.isActive() && query.state.fetchFailureCount > 0 && !isRefusal(query.state.fetchFailureReason),
      );
      if (isMounted) {
        setSince(failing.length > 0 ? Math.max(...failing.map((query) => query.state.dataUpdatedAt)) : undefined);
      }
    };
    // the cache tells of queries that are made while another part is rendered
    const leave = cache.subscribe(() => queueMicrotask(look));
    return () => {
      isMounted = false;
      leave();
    };
  }, [cache]);
  if (since === undefined) {
    return null;
  }
  const title = since === 0 ? t("app.awayAtOnce") : t("app.away", { time: utc(new Date(since).toISOString()) });
  return <Alert component="p" variant="warning" isInline isLiveRegion title={title} />;
}
