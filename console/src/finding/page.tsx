import { lazy, Suspense } from "react";
import { Alert, PageSection, Spinner } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { Refused } from "../api/client";
import { Inert } from "../parts/inert";
import { finding as findingOf } from "../api/findings";

// the finding is asked for while this is on its way
const FindingView = lazy(async () => ({ default: (await import("./view")).FindingView }));

function Waiting() {
  const { t } = useTranslation();
  return (
    <PageSection>
      <Spinner aria-label={t("app.loading")} />
    </PageSection>
  );
}

export function FindingPage({ name }: { readonly name: string }) {
  const { t } = useTranslation();
  const query = useQuery(findingOf(name));
  if (query.isPending) {
    return <Waiting />;
  }
  if (query.data === undefined) {
    const isAbsent = query.error instanceof Refused && [403, 404].includes(query.error.status);
    return (
      <PageSection>
        <Alert variant="danger" isInline title={isAbsent ? t("finding.notFound") : <Inert text={query.error?.message ?? ""} />} />
        <Link href="/findings">{t("finding.back")}</Link>
      </PageSection>
    );
  }
  // another finding begins anew: no dialog and no message of the one before
  return (
    <Suspense fallback={<Waiting />}>
      <FindingView key={name} name={query.data.finding.name ?? name} result={query.data} />
    </Suspense>
  );
}
