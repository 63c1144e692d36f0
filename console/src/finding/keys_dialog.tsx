import { Modal, ModalBody, ModalHeader } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { TABS } from "./tabs";

const KEYS = ["m", "y", "c", "e", "Esc", "?"] as const;

/** What the keyboard does on this page. */
export function KeysDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="keys-title">
      <ModalHeader title={t("app.keyboard")} labelId="keys-title" />
      <ModalBody>
        <dl className="keys">
          {TABS.map(({ key }, index) => (
            <div key={key}>
              <dt>
                <kbd>{index + 1}</kbd>
              </dt>
              <dd>{t(`finding.tabs.${key}`)}</dd>
            </div>
          ))}
          {KEYS.map((key) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{t(`finding.keys.${key}`)}</dd>
            </div>
          ))}
        </dl>
      </ModalBody>
    </Modal>
  );
}
