import { useState, type FormEvent } from "react";
import { Button, Form, FormGroup, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from "@patternfly/react-core";
import { PencilAltIcon, TrashIcon } from "@patternfly/react-icons";
import { useTranslation } from "react-i18next";
import { Inert } from "../parts/inert";
import { inert } from "../text/inert";
import { NAME_MAX, remove, rename, save, views } from "./saved_views";

interface ViewsDialogProps {
  /** What stands behind `?` in the address now. */
  readonly search: string;
  readonly onOpen: (search: string) => void;
  readonly onClose: () => void;
}

/** Views of the list that have a name: everything that the address says. */
export default function ViewsDialog({ search, onOpen, onClose }: ViewsDialogProps) {
  const { t } = useTranslation();
  const [all, setAll] = useState(() => views(localStorage));
  const [name, setName] = useState("");
  const [renamed, setRenamed] = useState<string>();
  const [next, setNext] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") {
      setAll(save(localStorage, name, search));
      setName("");
    }
  };
  const isTaken = all.some((view) => view.name === name.trim());
  return (
    <Modal isOpen variant="small" aria-labelledby="views-title" aria-describedby="views-body" onClose={onClose}>
      <ModalHeader labelId="views-title" title={t("findings.views")} description={t("findings.viewsHelp")} />
      <ModalBody id="views-body">
        <Form onSubmit={submit}>
          <FormGroup label={t("findings.viewName")} fieldId="view-name">
            <div className="line">
              <TextInput id="view-name" value={name} maxLength={NAME_MAX} onChange={(_, said) => setName(said)} />
              <Button type="submit" isDisabled={name.trim() === ""}>
                {t(isTaken ? "findings.replaceView" : "findings.saveView")}
              </Button>
            </div>
          </FormGroup>
        </Form>
        {all.length === 0 && <p>{t("findings.noViews")}</p>}
        <ul className="views">
          {all.map((view) => (
            <li key={view.name}>
              {renamed === view.name ? (
                <form
                  className="line"
                  onSubmit={(event) => {
                    event.preventDefault();
                    setAll(rename(localStorage, view.name, next));
                    setRenamed(undefined);
                  }}
                >
                  <TextInput aria-label={t("findings.viewName")} value={next} maxLength={NAME_MAX} onChange={(_, said) => setNext(said)} />
                  <Button type="submit" variant="secondary">
                    {t("findings.rename")}
                  </Button>
                </form>
              ) : (
                <>
                  <Button variant="link" isInline onClick={() => onOpen(view.search)}>
                    <Inert text={view.name} />
                  </Button>
                  <span>
                    <Button
                      variant="plain"
                      size="sm"
                      icon={<PencilAltIcon />}
                      aria-label={`${t("findings.rename")}: ${inert(view.name)}`}
                      onClick={() => {
                        setRenamed(view.name);
                        setNext(view.name);
                      }}
                    />
                    <Button
                      variant="plain"
                      size="sm"
                      icon={<TrashIcon />}
                      aria-label={`${t("findings.deleteView")}: ${inert(view.name)}`}
                      onClick={() => setAll(remove(localStorage, view.name))}
                    />
                  </span>
                </>
              )}
            </li>
          ))}
        </ul>
      </ModalBody>
      <ModalFooter>
        <Button variant="link" onClick={onClose}>
          {t("app.close")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
