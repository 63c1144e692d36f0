import { useMemo, useState } from "react";
import { Grid, GridItem } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { FindingResult } from "../../api/finding";
import { around } from "../../api/findings";
import { Panel } from "../facts";
import { AROUND, containerOf, othersOf } from "../related";
import { Details } from "./details";
import { PEER, storyOf, type Story } from "./model";
import { Timeline } from "./timeline";
import { ProcessTree, type Selection } from "./tree";

/** Events of a process, the process of an event. */
function linkedTo(story: Story, selected: Selection): ReadonlySet<string> {
  const event = story.events.find(({ id }) => id === selected);
  if (event !== undefined) {
    return new Set(event.process === undefined ? (event.lane === "CONNECTION" ? [PEER] : []) : [event.process]);
  }
  if (selected === PEER) {
    return new Set(story.events.filter(({ lane }) => lane === "CONNECTION").map(({ id }) => id));
  }
  return new Set(story.events.filter(({ process }) => process === selected).map(({ id }) => id));
}

/** Who did what, under whom, when. */
export function StoryTab({ result }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const { finding } = result;
  const { data } = useQuery(around(containerOf(finding) ?? "", finding.eventTime ?? "", AROUND));
  const story = useMemo(() => storyOf(result, othersOf(finding, data?.results ?? [])), [result, finding, data]);
  const shell = story.processes.find(({ role }) => role === "SHELL") ?? story.processes[0];
  const [chosen, choose] = useState<Selection>();
  const selected = chosen ?? shell?.id ?? "";
  const linked = useMemo(() => linkedTo(story, selected), [story, selected]);
  const at = Date.parse(finding.eventTime ?? "");
  const about = { from: at - AROUND * 60_000, to: at + AROUND * 60_000 };
  return (
    <Grid hasGutter className="story">
      <GridItem span={12} xl={8}>
        <Panel title={t("finding.storyTree")}>
          {story.processes.length === 0 ? (
            <p>{t("finding.noProcesses")}</p>
          ) : (
            <ProcessTree story={story} selected={selected} linked={linked} onSelect={choose} />
          )}
          {story.isReduced && story.processes.length > 0 && <p className="meaning">{t("finding.storyReduced")}</p>}
          {story.left > 0 && <p className="meaning">{t("finding.storyLeft", { count: story.left })}</p>}
        </Panel>
        <Panel title={t("finding.events")}>
          <Timeline story={story} about={about} selected={selected} linked={linked} onSelect={choose} />
        </Panel>
      </GridItem>
      <GridItem span={12} xl={4}>
        <Details story={story} selected={selected} />
      </GridItem>
    </Grid>
  );
}
