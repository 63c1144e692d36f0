import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core";
import { SearchIcon } from "@patternfly/react-icons";
import { useTranslation } from "react-i18next";
import { Command } from "../parts/copy";
import { INITIAL, type View } from "./address";

/** No finding matches: says what keeps them out, and lets it be taken away. */
export function Nothing({ view, become }: { readonly view: View; readonly become: (change: Partial<View>) => void }) {
  const { t } = useTranslation();
  const hasFilter = view.filter.trim() !== "";
  const hides = view.state !== "" || view.mute !== "";
  const isLimited = view.range !== "all";
  const isEmpty = !hasFilter && !hides && !isLimited;
  return (
    <EmptyState headingLevel="h2" titleText={t(isEmpty ? "findings.noneAtAll" : "findings.none")} icon={SearchIcon} variant="sm">
      <EmptyStateBody>
        {isEmpty ? (
          <>
            {t("findings.tryOne")} <Command text="vedette simulate socat-reverse-shell" />
          </>
        ) : (
          t("findings.noneHelp")
        )}
      </EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          {hasFilter && (
            <Button variant="secondary" onClick={() => become({ filter: INITIAL.filter })}>
              {t("findings.clearFilter")}
            </Button>
          )}
          {isLimited && (
            <Button variant="secondary" onClick={() => become({ range: "all", from: "", to: "" })}>
              {t("findings.anyTime")}
            </Button>
          )}
          {hides && (
            <Button variant="secondary" onClick={() => become({ state: "", mute: "" })}>
              {t("findings.anyState")}
            </Button>
          )}
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}
