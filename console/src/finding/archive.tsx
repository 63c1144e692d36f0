import { useState, type FormEvent } from "react";
import {
  Alert,
  Button,
  Form,
  FormGroup,
  HelperText,
  HelperTextItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from "@patternfly/react-core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { downloadArchive } from "../api/one_finding";
import { Copy } from "../parts/copy";
import { save } from "../parts/save";
import { EquivalentCommands } from "./equivalent_commands";
import { archive } from "./equivalents";
import { Inert } from "../parts/inert";
import { made, SHORTEST, weakness } from "./password";

/** Asks a password for the archive of all evidence. It is kept nowhere. */
export function ArchiveDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [isShown, setShown] = useState(false);
  const wrong = weakness(password, again);
  const asked = useMutation({
    mutationFn: () => downloadArchive(name, password),
    onSuccess: (file) => {
      if (file !== undefined) {
        save(file);
        onClose();
      }
    },
  });
  const isLacking = asked.isSuccess && asked.data === undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wrong === undefined) {
      asked.mutate();
    }
  };
  const make = () => {
    const fresh = made();
    setPassword(fresh);
    setAgain(fresh);
    setShown(true);
  };
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="archive-title">
      <ModalHeader title={t("finding.archive")} labelId="archive-title" description={t("finding.archiveHelp")} />
      <ModalBody>
        <Form id="archive" onSubmit={submit}>
          <FormGroup label={t("finding.password")} fieldId="archive-password" isRequired>
            <TextInput
              id="archive-password"
              type={isShown ? "text" : "password"}
              autoComplete="new-password"
              value={password}
              aria-describedby="archive-rules"
              onChange={(_, to) => setPassword(to)}
            />
            <HelperText id="archive-rules">
              <HelperTextItem>{t("finding.passwordRules", { count: SHORTEST })}</HelperTextItem>
              {password !== "" && wrong !== undefined && (
                <HelperTextItem variant="warning">{t(`finding.weakness.${wrong}`)}</HelperTextItem>
              )}
            </HelperText>
          </FormGroup>
          <FormGroup label={t("finding.passwordAgain")} fieldId="archive-again" isRequired>
            <TextInput
              id="archive-again"
              type={isShown ? "text" : "password"}
              autoComplete="new-password"
              value={again}
              onChange={(_, to) => setAgain(to)}
            />
          </FormGroup>
          <p>
            <Button variant="link" isInline onClick={make}>
              {t("finding.makePassword")}
            </Button>
            {isShown && password !== "" && <Copy text={password} what={t("finding.password")} />}
          </p>
        </Form>
        {isLacking && <Alert variant="info" isInline isLiveRegion title={t("finding.notOffered")} />}
        {asked.error !== null && <Alert variant="danger" isInline isLiveRegion title={<Inert text={asked.error.message} />} />}
        <details>
          <summary>{t("finding.asCommand")}</summary>
          <EquivalentCommands of={archive(location.origin, name)} />
        </details>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="archive" isDisabled={wrong !== undefined} isLoading={asked.isPending}>
          {t("finding.download")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("finding.cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
