import { useState, type FormEvent } from "react";
import { Alert, Button, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { EquivalentCommands } from "./equivalent_commands";
import { marksChange, updateMarks } from "./equivalents";
import { Inert } from "../parts/inert";
import type { useChanges } from "./use_changes";

const KEY = /^[A-Za-z0-9_-]{1,256}$/;

interface Edited {
  readonly key: string;
  readonly value: string;
}

interface Dialog {
  readonly name: string;
  readonly marks: Readonly<Record<string, string>>;
  readonly changes: ReturnType<typeof useChanges>;
  readonly onClose: () => void;
}

/** All marks of a finding, to change, remove and add. */
export function MarksDialog({ name, marks, changes, onClose }: Dialog) {
  const { t } = useTranslation();
  const [rows, setRows] = useState<readonly Edited[]>([
    ...Object.entries(marks).map(([key, value]) => ({ key, value })),
    { key: "", value: "" },
  ]);
  const filled = rows.filter(({ key, value }) => key !== "" || value !== "");
  const wrong = filled.find(
    ({ key, value }) => !KEY.test(key) || value === "" || filled.filter((other) => other.key === key).length > 1,
  );
  const change = marksChange(marks, Object.fromEntries(filled.map(({ key, value }) => [key, value])));
  const isChanged = Object.keys(change.set).length > 0 || change.removed.length > 0;
  const edit = (at: number, to: Partial<Edited>) => setRows(rows.map((row, index) => (index === at ? { ...row, ...to } : row)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wrong === undefined && isChanged) {
      changes.mutate({ kind: "marks", change }, { onSuccess: onClose });
    }
  };
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="marks-title">
      <ModalHeader title={t("finding.marks")} labelId="marks-title" description={t("finding.marksHelp")} />
      <ModalBody>
        <form id="marks" onSubmit={submit}>
          {rows.map(({ key, value }, index) => (
            <div key={index} className="mark-row">
              <TextInput
                aria-label={t("finding.markKey")}
                placeholder={t("finding.markKey")}
                value={key}
                validated={key !== "" && !KEY.test(key) ? "error" : "default"}
                onChange={(_, to) => edit(index, { key: to })}
              />
              <TextInput
                aria-label={t("finding.markValue")}
                placeholder={t("finding.markValue")}
                value={value}
                onChange={(_, to) => edit(index, { value: to })}
              />
              <Button
                variant="link"
                aria-label={`${t("finding.remove")}: ${key}`}
                onClick={() => setRows(rows.filter((_row, at) => at !== index))}
              >
                {t("finding.remove")}
              </Button>
            </div>
          ))}
          <Button variant="link" isInline onClick={() => setRows([...rows, { key: "", value: "" }])}>
            {t("finding.addMark")}
          </Button>
        </form>
        {wrong !== undefined && <p className="wrong">{t("finding.markWrong")}</p>}
        {changes.error !== null && <Alert variant="danger" isInline isLiveRegion title={<Inert text={changes.error.message} />} />}
        {wrong === undefined && isChanged && <EquivalentCommands of={updateMarks(location.origin, name, change)} />}
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="marks" isDisabled={wrong !== undefined || !isChanged} isLoading={changes.isPending}>
          {t("finding.save")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("finding.cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
