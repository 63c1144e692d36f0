import { Modal, ModalBody, ModalHeader } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { Messages } from "../messages/en";

/** The words of a key; a key that has none is its own. */
export function useKeyWords(): (key: string) => string {
  const { t } = useTranslation();
  return (key) => t(`keys.${key as keyof Messages["keys"]}`, { defaultValue: key });
}

interface Help {
  readonly keys: readonly string[];
  readonly onClose: () => void;
}

/** What the keyboard does on this page. */
export function KeyboardHelp({ keys, onClose }: Help) {
  const { t } = useTranslation();
  const words = useKeyWords();
  return (
    <Modal isOpen variant="small" aria-labelledby="keyboard-help" onClose={onClose}>
      <ModalHeader title={t("app.keyboard")} labelId="keyboard-help" />
      <ModalBody tabIndex={0} aria-label={t("app.keyboard")}>
        <dl className="key-list">
          {keys.map((key) => (
            <div key={key}>
              <dt>
                {key.split(" ").map((one) => (
                  <kbd key={one}>{one}</kbd>
                ))}
              </dt>
              <dd>{words(key)}</dd>
            </div>
          ))}
        </dl>
      </ModalBody>
    </Modal>
  );
}
