import { useEffect, useRef, useState } from "react";
import { Alert, Button, Modal, ModalBody, ModalFooter, ModalHeader, Progress, Radio } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { resultsPage } from "../api/list";
import { save } from "../parts/save";
import { Copy } from "../parts/copy";
import { bytes } from "../text/numbers";
import { exportCommand } from "./change";
import { FORMATS, head, line, MEDIA_TYPES, type Format } from "./export_file";

/** Findings are large: pages of the API hold a few megabytes. */
const PAGE = 500;

interface ExportDialogProps {
  readonly filter: string;
  readonly onClose: () => void;
}

interface Progressed {
  readonly count: number;
  readonly total: number;
  readonly isLeast: boolean;
  readonly size: number;
}

/** Writes what matches into a file, page after page, in the order in which no finding is met twice. */
export default function ExportDialog({ filter, onClose }: ExportDialogProps) {
  const { t } = useTranslation();
  const [format, setFormat] = useState<Format>("jsonl");
  const [progress, setProgress] = useState<Progressed>();
  const [isRunning, setRunning] = useState(false);
  const [isDone, setDone] = useState(false);
  const [error, setError] = useState<string>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const write = async () => {
    stop.current = new AbortController();
    const { signal } = stop.current;
    setRunning(true);
    setDone(false);
    setError(undefined);
    setProgress({ count: 0, total: 0, isLeast: true, size: 0 });
    // a blob of each page: the browser may keep it outside of memory
    const parts: Blob[] = [new Blob([head(format)])];
    let [token, count, size, total] = ["", 0, 0, 0];
    try {
      do {
        const page = await resultsPage({ filter, orderBy: "", pageToken: token, pageSize: PAGE }, signal);
        const part = new Blob(page.results.map((item) => line(format, item)));
        parts.push(part);
        count += page.results.length;
        size += part.size;
        total = Math.max(total, page.total, count);
        token = page.next;
        setProgress({ count, total, isLeast: page.isLeast, size });
      } while (token !== "");
      save({ bytes: new Blob(parts, { type: MEDIA_TYPES[format] }), name: `findings.${format}` });
      setDone(true);
    } catch (failure) {
      setError(signal.aborted ? t("findings.exportStopped") : failure instanceof Error ? failure.message : String(failure));
    }
    setRunning(false);
  };

  const command = exportCommand(filter, format, location.origin);
  return (
    <Modal isOpen variant="medium" aria-labelledby="export-title" aria-describedby="export-body" onClose={onClose}>
      <ModalHeader labelId="export-title" title={t("findings.export")} />
      <ModalBody id="export-body">
        <p>{t("findings.exportHelp")}</p>
        <div role="radiogroup" aria-label={t("findings.format")} className="formats">
          {FORMATS.map((of) => (
            <Radio
              key={of}
              id={`format-${of}`}
              name="format"
              label={of === "csv" ? "CSV" : "JSON Lines"}
              description={t(`findings.formats.${of}`)}
              isChecked={format === of}
              isDisabled={isRunning}
              onChange={() => setFormat(of)}
            />
          ))}
        </div>
        <div className="commands">
          <strong>vedette</strong> <Copy text={command} what="vedette findings export" />
          <pre tabIndex={0}>{command}</pre>
        </div>
        {progress !== undefined && (
          <Progress
            aria-label={t("findings.progress")}
            title={t("findings.progress")}
            value={isDone ? 100 : progress.total === 0 ? 0 : Math.min(99, (progress.count / progress.total) * 100)}
            label={`${progress.count} / ${progress.isLeast && !isDone ? "≥ " : ""}${Math.max(progress.total, progress.count)} · ${bytes(progress.size)}`}
          />
        )}
        {error !== undefined && <Alert component="h2" variant="danger" isInline isLiveRegion title={error} />}
        {isDone && <Alert component="h2" variant="success" isInline isLiveRegion title={t("findings.exported", { count: progress?.count ?? 0 })} />}
      </ModalBody>
      <ModalFooter>
        <Button onClick={() => void write()} isDisabled={isRunning} isLoading={isRunning}>
          {t("findings.export")}
        </Button>
        {isRunning && (
          <Button variant="secondary" onClick={() => stop.current?.abort()}>
            {t("findings.stop")}
          </Button>
        )}
        <Button variant="link" onClick={onClose}>
          {t("app.close")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
