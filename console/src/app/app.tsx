import { useEffect } from "react";
import { Page, PageSection } from "@patternfly/react-core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Refused } from "../api/client";
import { useSession } from "../api/session";
import { Shell } from "./shell";
import { SignIn } from "./sign_in";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // what the server refuses, it refuses again; what is away comes back
      retry: (_, error) => !(error instanceof Refused && error.status < 500),
      retryDelay: (attempt) => Math.min(1_000 * 2 ** attempt, 15_000),
      staleTime: 5_000,
    },
  },
});

export function App() {
  const { token, hasEnded } = useSession();
  const isSignedIn = token !== undefined;
  useEffect(() => {
    if (!isSignedIn) {
      // who comes next may see less
      queries.clear();
    }
  }, [isSignedIn]);
  return (
    <QueryClientProvider client={queries}>
      {isSignedIn ? (
        <Shell />
      ) : (
        <Page>
          <PageSection>
            <SignIn hasEnded={hasEnded} />
          </PageSection>
        </Page>
      )}
    </QueryClientProvider>
  );
}
