import { Button, ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "wouter";
import type { FindingResult } from "../../api/finding";
import { shaped, SHAPES, type Shape } from "../../api/one_finding";
import { Copy } from "../../parts/copy";
import { save } from "../../parts/save";
import { EquivalentCommands } from "../equivalent_commands";
import { shape as shapeCommands } from "../equivalents";
import { Changes } from "./changes";
import { jsonText } from "./path";
import { Inert } from "../../parts/inert";
import { JsonView } from "./view";

const CHANGES = "changes";

function Document({ name, shape, document }: { readonly name: string; readonly shape: Shape; readonly document: unknown }) {
  const { t } = useTranslation();
  const text = () => jsonText(document, 2);
  const id = (name.split("/").at(-1) ?? "finding").replaceAll(/[^A-Za-z0-9]/g, "_");
  return (
    <>
      <p className="json-actions">
        <Copy text={text} what={t("finding.jsonTab.all")} /> {t("finding.jsonTab.all")}
        <Button
          variant="secondary"
          size="sm"
          onClick={() => save({ bytes: new Blob([text(), "\n"], { type: "application/json" }), name: `${id}.${shape}.json` })}
        >
          {t("finding.download")}
        </Button>
      </p>
      <JsonView key={shape} document={document} label={t(`finding.jsonTab.shapes.${shape}`)} />
      <details>
        <summary>{t("finding.asCommand")}</summary>
        <EquivalentCommands of={shapeCommands(location.origin, name, shape)} />
      </details>
    </>
  );
}

function Asked({ result, shape }: { readonly result: FindingResult; readonly shape: Shape }) {
  const { t } = useTranslation();
  const name = result.finding.name ?? "";
  const isHere = shape === "scc-v2";
  const { data, error } = useQuery({ ...shaped(name, shape), enabled: !isHere });
  if (isHere) {
    return <Document name={name} shape={shape} document={result} />;
  }
  if (error !== null) {
    return <p><Inert text={error.message} /></p>;
  }
  if (data === undefined) {
    return <p>{t("app.loading")}</p>;
  }
  return data === null ? <p>{t("finding.notOffered")}</p> : <Document name={name} shape={shape} document={data} />;
}

/** The finding as other products write it, and what changed of it. */
export function JsonTab({ result }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const asked = search.get("shape") ?? "scc-v2";
  const shape = SHAPES.find((one) => one === asked) ?? "scc-v2";
  const choose = (to: string) => setSearch({ tab: "json", shape: to }, { replace: true });
  return (
    <div className="json">
      <ToggleGroup aria-label={t("finding.jsonTab.shape")} isCompact>
        {SHAPES.map((one) => (
          <ToggleGroupItem
            key={one}
            text={t(`finding.jsonTab.shapes.${one}`)}
            isSelected={asked !== CHANGES && one === shape}
            onChange={() => choose(one)}
          />
        ))}
        <ToggleGroupItem text={t("finding.jsonTab.changes")} isSelected={asked === CHANGES} onChange={() => choose(CHANGES)} />
      </ToggleGroup>
      {asked === CHANGES ? <Changes result={result} /> : <Asked result={result} shape={shape} />}
    </div>
  );
}
