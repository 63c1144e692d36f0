import { useMemo, useState } from "react";
import { Button } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { Finding, Process } from "../api/finding";
import { Inert } from "../parts/inert";
import { en } from "../messages/en";
import { isKnown } from "../text/known";
import { socat, type Address, type Option } from "./socat";

/** More are shown when they are asked for, so many at a time. */
const SHOWN = 40;
const MORE = 400;
const OPTIONS = 12;

/** By its name, or since the finding says that a process of it is socat whatever it is called. */
export function isSocat({ name, args, binary }: Process, finding: Finding): boolean {
  const named = [name, args?.[0], binary?.path].some((one) => /(^|\/)socat[^/]*$/.test((one ?? "").slice(-300)));
  const isShell = finding.processes?.[0]?.pid !== undefined && finding.processes[0].args === args;
  return named || (finding.moduleName === "SOCAT_REVERSE_SHELL_DETECTED" && !isShell && args?.length === 3);
}

function objectOf({ meaning, parameters }: Address): string {
  return meaning === "executes" || meaning === "system" || meaning === "file"
    ? parameters.join(":")
    : parameters.filter((parameter) => parameter !== "").join(":");
}

/** A sentence with hostile text in the place of `{{what}}`. */
function Said({ message, what }: { readonly message: (what: string) => string; readonly what: string }) {
  const [before = "", after = ""] = message("\0").split("\0");
  return (
    <>
      {before}
      <Inert text={what} limit={200} />
      {after}
    </>
  );
}

function OptionMeaning({ option }: { readonly option: Option }) {
  const { t } = useTranslation();
  const known = isKnown(en.socat.option, option.name) ? t(`socat.option.${option.name}`) : "";
  return (
    <li>
      <code>
        <Inert text={option.text} limit={120} />
      </code>
      {known !== "" && ` – ${known}`}
    </li>
  );
}

function AddressMeaning({ address }: { readonly address: Address }) {
  const { t } = useTranslation();
  return (
    <div className="meaning">
      <Said message={(what) => t(`socat.${address.meaning}`, { what })} what={objectOf(address)} />
      {address.isEncrypted && ` (${t("socat.encrypted")})`}
      {address.options.length > 0 && (
        <ul className="options" aria-label={t("socat.options")}>
          {address.options.slice(0, OPTIONS).map((option, index) => (
            <OptionMeaning key={index} option={option} />
          ))}
          {address.options.length > OPTIONS && <li>… {address.options.length - OPTIONS}</li>}
        </ul>
      )}
    </div>
  );
}

interface Given {
  readonly args: readonly string[];
  readonly program?: string | undefined;
  readonly isTruncated?: boolean;
  readonly isKnownSocat?: boolean;
}

/** Arguments one by one; those of socat with what they mean. */
export function Arguments({ args, program, isTruncated = false, isKnownSocat = false }: Given) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(SHOWN);
  const isNamed = /(^|\/)socat[^/]*$/.test((args[0] ?? "").slice(-300)) || /(^|\/)socat[^/]*$/.test((program ?? "").slice(-300));
  const meaning = useMemo(() => (isKnownSocat || isNamed ? socat(args) : undefined), [args, isKnownSocat, isNamed]);
  return (
    <>
      <ol className="arguments" start={0}>
        {args.slice(0, shown).map((argument, index) => (
          <li key={index}>
            <code>
              <Inert text={argument} limit={300} />
            </code>
            {argument === "" && <span className="meaning">{t("finding.emptyArgument")}</span>}
            {meaning?.addresses
              .filter((address) => address.argument === index)
              .flatMap(({ halves }) => halves)
              .map((address, at) => <AddressMeaning key={at} address={address} />)}
          </li>
        ))}
      </ol>
      {args.length > shown && (
        <Button variant="link" isInline onClick={() => setShown(shown + MORE)}>
          {t("finding.moreArguments", { count: args.length - shown })}
        </Button>
      )}
      {isTruncated && <p className="meaning">{t("finding.argumentsTruncated")}</p>}
    </>
  );
}
