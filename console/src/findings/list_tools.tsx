import { useState, type ReactNode } from "react";
import { Button, MenuToggle, Select, SelectList, SelectOption } from "@patternfly/react-core";
import { ColumnsIcon, CompressIcon, DownloadIcon, ExpandIcon, PauseIcon, PlayIcon, SaveIcon, SyncAltIcon } from "@patternfly/react-icons";
import { useTranslation } from "react-i18next";
import type { View } from "./address";
import { COLUMNS, isColumn } from "./column_names";

interface ListToolsProps {
  readonly view: View;
  readonly become: (change: Partial<View>) => void;
  readonly isPaused: boolean;
  readonly onPause: (isPaused: boolean) => void;
  readonly onReload: () => void;
  readonly onViews: () => void;
  readonly onExport: () => void;
}

function Columns({ view, become }: Pick<ListToolsProps, "view" | "become">) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const choose = (key: unknown) => {
    if (typeof key === "string" && isColumn(key)) {
      const has = view.columns.includes(key);
      become({ columns: COLUMNS.filter((column) => (column === key ? !has : view.columns.includes(column))) });
    }
  };
  return (
    <Select
      role="menu"
      isOpen={isOpen}
      onOpenChange={setOpen}
      onSelect={(_, key) => choose(key)}
      popperProps={{ position: "right", appendTo: "inline" }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plain"
          aria-label={t("findings.chooseColumns")}
          title={t("findings.chooseColumns")}
          icon={<ColumnsIcon />}
          isExpanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        />
      )}
    >
      <SelectList>
        {COLUMNS.map((column) => (
          <SelectOption key={column} value={column} hasCheckbox isSelected={view.columns.includes(column)}>
            {t(`findings.columns.${column}`)}
          </SelectOption>
        ))}
      </SelectList>
    </Select>
  );
}

/** What can be done with the list as a whole. */
export function ListTools(props: ListToolsProps) {
  const { t } = useTranslation();
  const { view, become, isPaused } = props;
  const isCompact = view.density === "compact";
  const tool = (label: string, icon: ReactNode, onClick: () => void, isPressed?: boolean) => (
    <Button
      variant="plain"
      aria-label={label}
      title={label}
      icon={icon}
      onClick={onClick}
      {...(isPressed === undefined ? {} : { "aria-pressed": isPressed })}
    />
  );
  return (
    <div className="list-tools" role="toolbar" aria-label={t("findings.tools")}>
      {tool(t("findings.reload"), <SyncAltIcon />, props.onReload)}
      {tool(t(isPaused ? "findings.resume" : "findings.pause"), isPaused ? <PlayIcon /> : <PauseIcon />, () => props.onPause(!isPaused))}
      {tool(t("findings.views"), <SaveIcon />, props.onViews)}
      {tool(t("findings.export"), <DownloadIcon />, props.onExport)}
      {tool(
        t("findings.compact"),
        isCompact ? <ExpandIcon /> : <CompressIcon />,
        () => become({ density: isCompact ? "comfortable" : "compact" }),
        isCompact,
      )}
      <Columns view={view} become={become} />
    </div>
  );
}
