import { useState, type FormEvent } from "react";
import { ActionGroup, Alert, Button, Form, FormGroup, HelperText, HelperTextItem, TextInput, Title } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { signIn } from "../api/session";

/** The address stays as it is: after signing in, the same page is there. */
export function SignIn({ hasEnded }: { readonly hasEnded: boolean }) {
  const { t } = useTranslation();
  const [held, setHeld] = useState("");
  const [isRefused, setRefused] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await fetch("/v2/organizations/-/sources?pageSize=1", {
      headers: { Authorization: `Bearer ${held.trim()}` },
    });
    if (answer.status === 401) {
      setRefused(true);
    } else {
      signIn(held.trim());
    }
  };
  return (
    <Form className="sign-in" onSubmit={(event) => void submit(event)}>
      <Title headingLevel="h1">Vedette</Title>
      {hasEnded && <Alert variant="info" isInline title={t("app.expired")} />}
      {isRefused && <Alert variant="danger" isInline isLiveRegion title={t("app.tokenRefused")} />}
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
        <Button type="submit" isDisabled={held.trim() === ""}>
          {t("app.signIn")}
        </Button>
      </ActionGroup>
    </Form>
  );
}
