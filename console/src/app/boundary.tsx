import type { ReactNode } from "react";
import { Alert, AlertActionLink, PageSection } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Boundary } from "../parts/boundary";
import { Inert } from "../parts/inert";

/** One page that fails leaves the navigation as it is. Its part of the code may be gone, too: after an update of the server. */
export function PageBoundary({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation();
  const broken = (reason: string) => (
    <PageSection>
      <Alert
        component="p"
        variant="danger"
        isInline
        title={t("app.broken")}
        actionLinks={<AlertActionLink onClick={() => location.reload()}>{t("app.retry")}</AlertActionLink>}
      >
        <Inert text={reason} />
      </Alert>
    </PageSection>
  );
  return <Boundary broken={broken}>{children}</Boundary>;
}
