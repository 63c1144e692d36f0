import { useState } from "react";
import { Button } from "@patternfly/react-core";
import { CheckIcon, CopyIcon } from "@patternfly/react-icons";
import { useTranslation } from "react-i18next";

export function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <Button
      variant="plain"
      size="sm"
      aria-label={`${isCopied ? t("app.copied") : t("app.copy")}: ${what}`}
      icon={isCopied ? <CheckIcon /> : <CopyIcon />}
      onClick={() => void copy()}
    />
  );
}

/** A command as a shell takes it. */
export function Command({ text }: { readonly text: string }) {
  return (
    <span className="command">
      <code>{text}</code>
      <Copy text={text} what={text} />
    </span>
  );
}
