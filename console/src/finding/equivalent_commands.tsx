import { useTranslation } from "react-i18next";
import { Command } from "../parts/copy";
import type { Equivalent } from "./equivalents";

/** The same by `vedette` and by the API. */
export function EquivalentCommands({ of: { vedette, api } }: { readonly of: Equivalent }) {
  const { t } = useTranslation();
  return (
    <dl className="equivalents">
      {vedette !== undefined && (
        <>
          <dt>vedette</dt>
          <dd>
            <Command text={vedette} />
          </dd>
        </>
      )}
      <dt>{t("finding.api")}</dt>
      <dd>
        <Command text={api} />
      </dd>
    </dl>
  );
}
