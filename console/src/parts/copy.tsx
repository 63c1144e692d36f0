import { useState } from "react";
import { Button } from "@patternfly/react-core";
import { CheckIcon, CopyIcon } from "@patternfly/react-icons";
import { useTranslation } from "react-i18next";
import { inert } from "../text/inert";
import { shorten } from "../text/shorten";
import { Inert } from "./inert";

interface What {
  /** A function where making the text takes time. */
  readonly text: string | (() => string);
  readonly what: string;
}

export function Copy({ text, what }: What) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(typeof text === "string" ? text : text());
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <Button
      variant="plain"
      size="sm"
      aria-label={`${isCopied ? t("app.copied") : t("app.copy")}: ${shorten(what, 80)}`}
      icon={isCopied ? <CheckIcon /> : <CopyIcon />}
      onClick={() => void copy()}
    />
  );
}

/** A command as a shell takes it. What a terminal would act on, which a quoted command never holds, is copied as the escape that is seen. */
export function Command({ text }: { readonly text: string }) {
  return (
    <span className="command">
      <code>
        <Inert text={text} />
      </code>
      <Copy text={() => inert(text)} what={text} />
    </span>
  );
}
