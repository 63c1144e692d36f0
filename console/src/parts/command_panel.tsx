import { useState } from "react";
import { ExpandableSection } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Command } from "./copy";
import "./parts.css";

export interface Equivalent {
  /** `vedette`, `kubectl`, `API`: names that are the same in every language. */
  readonly by: string;
  readonly text: string;
}

interface Panel {
  readonly commands: readonly Equivalent[];
  readonly isOpen?: boolean;
}

/** The same thing done from a shell, one click away. */
export function CommandPanel({ commands, isOpen = false }: Panel) {
  const { t } = useTranslation();
  const [isShown, setShown] = useState(isOpen);
  return (
    <ExpandableSection
      toggleText={t("parts.asCommand")}
      isExpanded={isShown}
      onToggle={(_, next) => setShown(next)}
      className="command-panel"
    >
      {isShown && (
        <dl>
          {commands.map(({ by, text }) => (
            <div key={by}>
              <dt>{by}</dt>
              <dd>
                <Command text={text} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </ExpandableSection>
  );
}
