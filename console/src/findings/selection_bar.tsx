import { Button } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { ActionKey } from "./action_dialog";
import { count, type Selection } from "./selection";

export const ACTIONS: readonly ActionKey[] = ["mute", "unmute", "byRules", "close", "reopen", "marks"];

interface SelectionBarProps {
  readonly selection: Selection;
  readonly total: number;
  readonly isLeast: boolean;
  readonly onAll: () => void;
  readonly onNone: () => void;
  readonly onAct: (action: ActionKey) => void;
}

/** How many are selected, and what can be done with them. */
export function SelectionBar({ selection, total, isLeast, onAll, onNone, onAct }: SelectionBarProps) {
  const { t } = useTranslation();
  const chosen = count(selection, total);
  return (
    <div className="selection-bar" role="toolbar" aria-label={t("findings.selection")}>
      <span aria-live="polite">
        {t(isLeast && selection.kind === "all" ? "findings.selectedLeast" : "findings.selected", { count: chosen })}
      </span>
      {selection.kind === "some" && chosen < total && (
        <Button variant="link" isInline onClick={onAll}>
          {t(isLeast ? "findings.selectAllLeast" : "findings.selectAll", { count: total })}
        </Button>
      )}
      <Button variant="link" isInline onClick={onNone}>
        {t("findings.selectNone")}
      </Button>
      {ACTIONS.map((action) => (
        <Button key={action} variant="secondary" size="sm" onClick={() => onAct(action)}>
          {t(`findings.actions.${action}`)}
        </Button>
      ))}
    </div>
  );
}
