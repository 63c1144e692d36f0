import { useState, type FormEvent } from "react";
import { Alert, Button, Form, FormGroup, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { ExternalSystem } from "../api/finding";
import { EquivalentCommands } from "./equivalent_commands";
import { updateExternalSystem } from "./equivalents";
import { Inert } from "../parts/inert";
import type { useChanges } from "./use_changes";

const SYSTEM = /^[A-Za-z0-9_-]{1,128}$/;
const FIELDS = ["externalUid", "status", "assignees", "caseUri", "casePriority"] as const;
type Field = (typeof FIELDS)[number];

interface Dialog {
  readonly name: string;
  readonly systems: Readonly<Record<string, ExternalSystem>>;
  readonly changes: ReturnType<typeof useChanges>;
  readonly onClose: () => void;
}

function written(system: ExternalSystem | undefined): Record<Field, string> {
  return {
    externalUid: system?.externalUid ?? "",
    status: system?.status ?? "",
    assignees: system?.assignees?.join(", ") ?? "",
    caseUri: system?.caseUri ?? "",
    casePriority: system?.casePriority ?? "",
  };
}

/** Where the finding is worked on: a ticket, a case. */
export function ExternalSystemDialog({ name, systems, changes, onClose }: Dialog) {
  const { t } = useTranslation();
  const [first] = Object.keys(systems);
  const [system, setSystem] = useState(first ?? "");
  const [held, setHeld] = useState(written(first === undefined ? undefined : systems[first]));
  const before = written(Object.hasOwn(systems, system) ? systems[system] : undefined);
  const facts = Object.fromEntries(
    FIELDS.filter((field) => held[field].trim() !== before[field]).map((field) => [
      field,
      field === "assignees"
        ? held[field].split(",").map((one) => one.trim()).filter((one) => one !== "")
        : held[field].trim(),
    ]),
  ) as ExternalSystem;
  const isReady = SYSTEM.test(system) && Object.keys(facts).length > 0;
  const choose = (to: string) => {
    setSystem(to);
    if (Object.hasOwn(systems, to)) {
      setHeld(written(systems[to]));
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) {
      changes.mutate({ kind: "system", system, facts }, { onSuccess: onClose });
    }
  };
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="system-title">
      <ModalHeader title={t("finding.external")} labelId="system-title" description={t("finding.externalHelp")} />
      <ModalBody>
        <Form id="system" onSubmit={submit}>
          <FormGroup label={t("finding.system")} fieldId="system-name" isRequired>
            <TextInput
              id="system-name"
              list="system-names"
              value={system}
              validated={system !== "" && !SYSTEM.test(system) ? "error" : "default"}
              onChange={(_, to) => choose(to)}
            />
            <datalist id="system-names">
              {Object.keys(systems).map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          </FormGroup>
          {FIELDS.map((field) => (
            <FormGroup key={field} label={t(`finding.systemFields.${field}`)} fieldId={`system-${field}`}>
              <TextInput id={`system-${field}`} value={held[field]} onChange={(_, to) => setHeld({ ...held, [field]: to })} />
            </FormGroup>
          ))}
        </Form>
        {changes.error !== null && <Alert variant="danger" isInline isLiveRegion title={<Inert text={changes.error.message} />} />}
        {isReady && <EquivalentCommands of={updateExternalSystem(location.origin, name, system, { ...facts })} />}
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="system" isDisabled={!isReady} isLoading={changes.isPending}>
          {t("finding.save")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("finding.cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
