import { useState } from "react";
import {
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  ToggleGroup,
  ToggleGroupItem,
} from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { ReactNode } from "react";
import { ask } from "../api/client";
import { changeOf, EVERYTHING, type Detector, type Said, type Switches } from "../api/detectors";
import { CommandPanel } from "../parts/command_panel";
import { ConfirmDialog } from "../parts/confirm_dialog";
import { Command } from "../parts/copy";
import { Inert } from "../parts/inert";
import { Markdown } from "../parts/markdown";
import { SeverityMark } from "../parts/severity";
import { SidePanel } from "../parts/side_panel";
import { Cost, FromWords, Hits, StateMark, techniqueWords } from "./list";
import { commandsOf, fromWhere } from "./places";

const CHOICES: readonly Said[] = ["ENABLED", "DISABLED", "INHERITED"];

interface Detail {
  readonly detector: Detector;
  readonly place: string;
  readonly chain: readonly string[];
  readonly settings: readonly (Switches | undefined)[];
  readonly count: string | undefined;
  readonly onClose: () => void;
}

function Fact({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}

/** Turns the detector on and off at the place that is looked at. */
function StateSwitch({ module, place, now }: { readonly module: string; readonly place: string; readonly now: Switches }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [wanted, setWanted] = useState<Said>();
  const said = now.modules.get(module)?.said ?? "INHERITED";
  const where = place === EVERYTHING ? t("detectors.everything") : place;
  return (
    <>
      <ToggleGroup aria-label={t("detectors.saidHere")}>
        {CHOICES.map((choice) => (
          <ToggleGroupItem
            key={choice}
            text={t(`detectors.choices.${choice}`)}
            isSelected={said === choice}
            onChange={() => choice !== said && setWanted(choice)}
          />
        ))}
      </ToggleGroup>
      <CommandPanel
        commands={CHOICES.map((choice) => ({
          by: t(`detectors.choices.${choice}`),
          text: commandsOf(place, module, choice, now)[0]?.text ?? "",
        }))}
      />
      {wanted !== undefined && (
        <ConfirmDialog
          title={t(`detectors.confirm.${wanted}`, { module })}
          action={t(`detectors.choices.${wanted}`)}
          isDanger={wanted === "DISABLED"}
          onConfirm={async () => {
            const { method, path, body } = changeOf(place, module, wanted, now);
            await ask(method, path, body);
            await queries.invalidateQueries({ queryKey: ["switches"] });
          }}
          onClose={() => setWanted(undefined)}
        >
          <p>{t("detectors.affects", { where })}</p>
          {wanted === "DISABLED" && <p>{t("detectors.affectsOff")}</p>}
          <CommandPanel commands={commandsOf(place, module, wanted, now)} />
        </ConfirmDialog>
      )}
    </>
  );
}

function Words({ title, words }: { readonly title: string; readonly words: readonly string[] | undefined }) {
  return words === undefined || words.length === 0 ? null : (
    <>
      <h3>{title}</h3>
      <ul className="prose-list">
        {words.map((word) => (
          <li key={word}>
            <Inert text={word} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** Everything about one detector, and its switch. */
export function DetectorDetail({ detector, place, chain, settings, count, onClose }: Detail) {
  const { t } = useTranslation();
  const { module, category } = detector;
  const now = settings[0];
  const techniques = techniqueWords(detector);
  return (
    <SidePanel title={category ?? module} onClose={onClose} opener={`detector-${module}`}>
      <DescriptionList isCompact isHorizontal horizontalTermWidthModifier={{ default: "16ch" }}>
        <Fact term={t("detectors.module")}>
          <code>{module}</code>
        </Fact>
        {detector.severity !== undefined && (
          <Fact term={t("detectors.severity")}>
            <SeverityMark severity={detector.severity} />
          </Fact>
        )}
        {techniques !== "" && (
          <Fact term={t("detectors.attack")}>
            <Inert text={techniques} />
          </Fact>
        )}
        <Fact term={t("detectors.state")}>
          <StateMark holds={now?.modules.get(module)?.holds} /> ·{" "}
          <FromWords from={fromWhere(module, chain, settings, detector.onByDefault)} />
        </Fact>
        {detector.onByDefault !== undefined && (
          <Fact term={t("detectors.byDefault")}>{t(detector.onByDefault ? "detectors.on" : "detectors.off")}</Fact>
        )}
        {now !== undefined && now.modules.has(module) && (
          <Fact term={t("detectors.saidHere")}>
            <StateSwitch module={module} place={place} now={now} />
          </Fact>
        )}
        {category !== undefined && (
          <Fact term={t("detectors.hits")}>
            <Hits category={category} count={count} />
          </Fact>
        )}
        <Fact term={t("detectors.cost")}>
          <Cost detector={detector} />
        </Fact>
      </DescriptionList>
      {detector.description !== undefined && <Markdown text={detector.description} />}
      <Words title={t("detectors.evidence")} words={detector.evidence} />
      <Words title={t("detectors.needs")} words={detector.needs} />
      {detector.reproduction !== undefined && detector.reproduction !== "" && (
        <>
          <h3>{t("detectors.reproduction")}</h3>
          <p>{t("detectors.reproductionHelp")}</p>
          <Command text={detector.reproduction} />
        </>
      )}
    </SidePanel>
  );
}
