import { useId, useState, type FormEvent, type ReactNode } from "react";
import { Button, Form, Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/failure";

interface Editor {
  readonly title: string;
  readonly description?: string;
  /** What the button says. */
  readonly action: string;
  /** Whether what is written can be saved. */
  readonly isReady: boolean;
  /** Saves it. What it fails with is shown, and what was written stays. */
  readonly onSave: () => Promise<void>;
  readonly onClose: () => void;
  /** The fields. */
  readonly children: ReactNode;
  /** What is shown instead of them when it was saved. */
  readonly result?: ReactNode;
}

/** A form that makes or changes one thing. */
export function EditorDialog({ title, description, action, isReady, onSave, onClose, children, result }: Editor) {
  const { t } = useTranslation();
  const id = useId();
  const [refused, setRefused] = useState<Error | null>(null);
  const [isSaving, setSaving] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) {
      return;
    }
    setSaving(true);
    setRefused(null);
    try {
      await onSave();
    } catch (error) {
      setRefused(error instanceof Error ? error : new Error(String(error)));
      setSaving(false);
    }
  };
  return (
    <Modal isOpen variant="medium" aria-labelledby={`${id}-title`} onClose={onClose}>
      <ModalHeader title={title} labelId={`${id}-title`} {...(description === undefined ? {} : { description })} />
      <ModalBody>
        {result ?? (
          <Form id={`${id}-form`} onSubmit={(event) => void submit(event)}>
            <Failure error={refused} isAction />
            {children}
          </Form>
        )}
      </ModalBody>
      <ModalFooter>
        {result === undefined ? (
          <>
            <Button type="submit" form={`${id}-form`} isDisabled={!isReady || isSaving} isLoading={isSaving}>
              {action}
            </Button>
            <Button variant="link" onClick={onClose}>
              {t("parts.cancel")}
            </Button>
          </>
        ) : (
          <Button onClick={onClose}>{t("app.close")}</Button>
        )}
      </ModalFooter>
    </Modal>
  );
}
