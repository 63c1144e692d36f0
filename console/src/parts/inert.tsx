import { useState } from "react";
import { Button } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { runs } from "../text/inert";
import { bytes } from "../text/numbers";

/** More is shown only when it is asked for: a megabyte of arguments would hide everything else. */
const SHOWN = 2_000;

/** Text that an attacker may have written; where the API promises no type, it may also be something else than text. */
export function Inert({ text: said, limit = SHOWN }: { readonly text: string; readonly limit?: number }) {
  const { t } = useTranslation();
  const [isWhole, setWhole] = useState(false);
  const text = typeof said === "string" ? said : (JSON.stringify(said) ?? "");
  const isCut = text.length > limit && !isWhole;
  return (
    <bdi dir="ltr" className="inert">
      {runs(isCut ? text.slice(0, limit) : text).map((run, index) =>
        run.isEscape ? (
          <span key={index} className="escape">
            {run.text}
          </span>
        ) : (
          run.text
        ),
      )}
      {isCut && (
        <>
          …{" "}
          <Button variant="link" isInline onClick={() => setWhole(true)}>
            {t("app.showAll", { size: bytes(text.length) })}
          </Button>
        </>
      )}
    </bdi>
  );
}
