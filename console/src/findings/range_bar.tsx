import { useEffect, useState, type FormEvent } from "react";
import { Button, ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { View } from "./address";
import { fieldOf, momentOf, moments, RANGE_KEYS } from "./range";

interface RangeBarProps {
  readonly view: View;
  readonly now: number;
  readonly become: (change: Partial<View>) => void;
}

/** The time that the list covers: one of the usual ranges, or one of one's own in UTC. */
export function RangeBar({ view, now, become }: RangeBarProps) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(view.range === "custom");
  const ends = moments(view, now);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  useEffect(() => {
    setFrom(fieldOf(ends.from ?? ""));
    setTo(fieldOf(ends.to ?? new Date(now).toISOString()));
    setOpen(view.range === "custom");
  }, [view.range, view.from, view.to]);
  const [begin, end] = [momentOf(from), momentOf(to)];
  const isRight = begin !== "" && end !== "" && begin < end;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isRight) {
      become({ range: "custom", from: begin, to: end });
    }
  };
  return (
    <div className="range-bar">
      <ToggleGroup aria-label={t("findings.range")} isCompact>
        {RANGE_KEYS.map((range) => (
          <ToggleGroupItem
            key={range}
            buttonId={`range-${range}`}
            text={t(`findings.ranges.${range}`)}
            isSelected={view.range === range || (range === "custom" && isOpen)}
            onChange={() => (range === "custom" ? setOpen(!isOpen || view.range === "custom") : become({ range, from: "", to: "" }))}
          />
        ))}
      </ToggleGroup>
      {isOpen && (
        <form onSubmit={submit} className="own-range">
          <label>
            {t("findings.from")} <input type="datetime-local" step="1" value={from} onChange={(event) => setFrom(event.target.value)} />
          </label>
          <label>
            {t("findings.to")} <input type="datetime-local" step="1" value={to} onChange={(event) => setTo(event.target.value)} />
          </label>
          <Button type="submit" variant="secondary" size="sm" isDisabled={!isRight}>
            {t("findings.apply")}
          </Button>
        </form>
      )}
    </div>
  );
}
