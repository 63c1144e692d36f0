import { useEffect, useId, useRef, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { Button } from "@patternfly/react-core";
import TimesIcon from "@patternfly/react-icons/dist/esm/icons/times-icon";
import { useTranslation } from "react-i18next";
import { Inert } from "./inert";
import { useKeys } from "./use_keys";
import { useMedia } from "./use_media";
import "./parts.css";

interface Panel {
  readonly title: string;
  readonly children: ReactNode;
  readonly onClose: () => void;
  /** Id of what opened it, which has the focus again afterwards. */
  readonly opener?: string;
}

/** Too narrow for a list with something beside it. */
const NARROW = "(max-width: 114.99rem)";

/** Details beside a list, over the page where there is no room. */
export function SidePanel({ title, children, onClose, opener }: Panel) {
  const { t } = useTranslation();
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const close = () => {
    onClose();
    if (opener !== undefined) {
      document.getElementById(opener)?.focus();
    }
  };
  useKeys({ Escape: close });
  const isOver = useMedia(NARROW);
  useEffect(() => heading.current?.focus(), [title, isOver]);
  const panel = (
    <aside className={isOver ? "side-panel over" : "side-panel"} aria-labelledby={id}>
      <header>
        <h2 id={id} ref={heading} tabIndex={-1}>
          <Inert text={title} limit={200} />
        </h2>
        <Button variant="plain" aria-label={t("app.close")} icon={<TimesIcon />} onClick={close} />
      </header>
      {children}
    </aside>
  );
  return isOver ? createPortal(panel, document.body) : panel;
}
