import { useId, useState, type FormEvent, type ReactNode } from "react";
import { Button, Form, FormGroup, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Failure } from "./failure";

interface Confirm {
  readonly title: string;
  /** What is affected, and the same as a command. */
  readonly children: ReactNode;
  /** What the button says: what will happen. */
  readonly action: string;
  readonly isDanger?: boolean;
  /** To be typed before anything happens: for what cannot be taken back. */
  readonly typed?: string;
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something is done, and stays until it is done or given up. */
export function ConfirmDialog({ title, children, action, isDanger = false, typed, onConfirm, onClose }: Confirm) {
  const { t } = useTranslation();
  const id = useId();
  const [written, setWritten] = useState("");
  const [isDoing, setDoing] = useState(false);
  const [refused, setRefused] = useState<Error | null>(null);
  const isReady = typed === undefined || written.trim() === typed;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!isReady || isDoing) {
      return;
    }
    setDoing(true);
    setRefused(null);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setRefused(error instanceof Error ? error : new Error(String(error)));
      setDoing(false);
    }
  };
  return (
    <Modal isOpen variant="small" aria-labelledby={`${id}-title`} onClose={onClose}>
      <ModalHeader title={title} labelId={`${id}-title`} {...(isDanger ? { titleIconVariant: "warning" as const } : {})} />
      <ModalBody>
        <Form id={`${id}-form`} onSubmit={(event) => void submit(event)}>
          <Failure error={refused} isAction />
          <div>{children}</div>
          {typed !== undefined && (
            <FormGroup
              fieldId={`${id}-typed`}
              label={
                <>
                  {t("parts.typeToConfirm")} <code>{typed}</code>
                </>
              }
            >
              <TextInput
                id={`${id}-typed`}
                autoComplete="off"
                spellCheck={false}
                value={written}
                onChange={(_, value) => setWritten(value)}
              />
            </FormGroup>
          )}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button
          type="submit"
          form={`${id}-form`}
          variant={isDanger ? "danger" : "primary"}
          isDisabled={!isReady || isDoing}
          isLoading={isDoing}
        >
          {action}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t("parts.cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
