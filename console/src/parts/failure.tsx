import { Alert, AlertActionLink } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Refused } from "../api/client";
import { Inert } from "./inert";

interface Failed {
  readonly error: Error | null;
  readonly onRetry?: () => void;
  /** Something was to be done, not only read. */
  readonly isAction?: boolean;
}

/** Whether a server does not have what was asked for: an older one, or one without that part. */
function isNotOffered(error: Refused): boolean {
  return [404, 405, 501].includes(error.status);
}

/** Why something is not shown or not done, in the server's words. */
export function Failure({ error, onRetry, isAction = false }: Failed) {
  const { t } = useTranslation();
  if (error === null) {
    return null;
  }
  if (!isAction && error instanceof Refused && isNotOffered(error)) {
    return <Alert component="p" variant="info" isInline isPlain title={t("parts.notOffered")} />;
  }
  // what one may not see, and a part that this server lacks: nothing is wrong
  const isDenied = !isAction && error instanceof Refused && (error.status === 403 || error.code === "FAILED_PRECONDITION");
  const title =
    error instanceof TypeError
      ? t("app.unreachable")
      : !(error instanceof Refused)
        ? t("parts.failed")
        : isDenied
          ? t(error.status === 403 ? "parts.denied" : "parts.notOffered")
          : t("parts.refused");
  return (
    <Alert
      component="p"
      variant={isDenied ? "info" : "danger"}
      isInline
      isLiveRegion
      title={title}
      {...(onRetry === undefined || isDenied
        ? {}
        : { actionLinks: <AlertActionLink onClick={onRetry}>{t("app.retry")}</AlertActionLink> })}
    >
      {!(error instanceof TypeError) && <Inert text={error.message} />}
    </Alert>
  );
}
