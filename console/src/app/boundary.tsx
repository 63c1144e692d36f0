import { Component, type ReactNode } from "react";
import { Alert, AlertActionLink, PageSection } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";

function Broken({ error }: { readonly error: Error }) {
  const { t } = useTranslation();
  return (
    <PageSection>
      <Alert
        component="p"
        variant="danger"
        isInline
        title={t("app.broken")}
        actionLinks={<AlertActionLink onClick={() => location.reload()}>{t("app.retry")}</AlertActionLink>}
      >
        {error.message}
      </Alert>
    </PageSection>
  );
}

interface Boundary {
  readonly children: ReactNode;
}

/** One page that fails leaves the navigation as it is. Its part of the code may be gone, too: after an update of the server. */
export class PageBoundary extends Component<Boundary, { readonly error?: Error }> {
  override state: { readonly error?: Error } = {};

  static getDerivedStateFromError(error: unknown): { readonly error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    return this.state.error === undefined ? this.props.children : <Broken error={this.state.error} />;
  }
}
