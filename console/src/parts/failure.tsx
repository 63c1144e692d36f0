import { Alert, AlertActionLink } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Refused } from "../api/client";
import { Inert } from "./inert";

interface Failed {
  readonly error: Error | null;
  readonly onRetry?: () => void;
}

/** Whether a server does not have what was asked for: an older one, or one without that part. */
export function isNotOffered(error: Error | null): boolean {
  return error instanceof Refused && [404, 405, 501].includes(error.status);
}

/** Why something is not shown, in the server's words. */
export function Failure({ error, onRetry }: Failed) {
  const { t } = useTranslation();
  if (error === null) {
    return null;
  }
  if (isNotOffered(error)) {
    return <Alert component="p" variant="info" isInline isPlain title={t("parts.notOffered")} />;
  }
  const isDenied = error instanceof Refused && error.status === 403;
  return (
    <Alert
      component="p"
      variant={isDenied ? "info" : "danger"}
      isInline
      isLiveRegion
      title={isDenied ? t("parts.denied") : t("parts.refused")}
      {...(onRetry === undefined || isDenied
        ? {}
        : { actionLinks: <AlertActionLink onClick={onRetry}>{t("app.retry")}</AlertActionLink> })}
    >
      <Inert text={error.message} />
    </Alert>
  );
}
