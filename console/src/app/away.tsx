import { Alert } from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { utc } from "../text/time";

/** Says that what is shown grows old, and since when. */
export function Away() {
  const { t } = useTranslation();
  const cache = useQueryClient().getQueryCache();
  const [since, setSince] = useState<number>();
  useEffect(
    () =>
      cache.subscribe(() => {
        const failing = cache.getAll().filter((query) => query.isActive() && query.state.fetchFailureCount > 0);
        setSince(failing.length > 0 ? Math.max(...failing.map((query) => query.state.dataUpdatedAt)) : undefined);
      }),
    [cache],
  );
  if (since === undefined) {
    return null;
  }
  const time = since === 0 ? "–" : utc(new Date(since).toISOString());
  return <Alert variant="warning" isInline title={t("app.away", { time })} />;
}
