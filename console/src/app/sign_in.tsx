import { useState, type FormEvent } from "react";
import { ActionGroup, Alert, Button, Form, FormGroup, HelperText, HelperTextItem, TextInput, Title } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { signIn } from "../api/session";
import { inert } from "../text/inert";

/** The address stays as it is: after signing in, the same page is there. */
export function SignIn({ hasEnded }: { readonly hasEnded: boolean }) {
  const { t } = useTranslation();
  const [held, setHeld] = useState("");
  const [said, setSaid] = useState("");
  const [isAsking, setAsking] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setSaid("");
    setAsking(true);
    try {
      const answer = await fetch("/v2/organizations/-/sources?pageSize=1", {
        headers: { Authorization: `Bearer ${held.trim()}` },
      });
      if (answer.status === 401) {
        setSaid(t("app.tokenRefused"));
      } else if (answer.status === 429 || answer.status >= 500) {
        const told = (await answer.json().catch(() => undefined)) as { readonly error?: { readonly message?: string } } | undefined;
        setSaid(inert(told?.error?.message ?? `HTTP ${answer.status}`));
      } else {
        // one without roles is told so by every page
        signIn(held.trim());
      }
    } catch {
      setSaid(t("app.unreachable"));
    } finally {
      setAsking(false);
    }
  };
  return (
    <Form className="sign-in" onSubmit={(event) => void submit(event)}>
      <Title headingLevel="h1">Vedette</Title>
      {hasEnded && <Alert component="p" variant="info" isInline title={t("app.expired")} />}
      {said !== "" && <Alert component="p" variant="danger" isInline isLiveRegion title={said} />}
      <FormGroup label={t("app.token")} fieldId="token" isRequired>
        <TextInput
          id="token"
          type="password"
          autoComplete="current-password"
          isRequired
          value={held}
          onChange={(_, value) => setHeld(value)}
        />
        <HelperText>
          <HelperTextItem>{t("app.tokenHelp")}</HelperTextItem>
        </HelperText>
      </FormGroup>
      <ActionGroup>
        <Button type="submit" isDisabled={held.trim() === "" || isAsking} isLoading={isAsking}>
          {t("app.signIn")}
        </Button>
      </ActionGroup>
    </Form>
  );
}
