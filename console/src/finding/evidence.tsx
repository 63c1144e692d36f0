import { useState } from "react";
import { Alert, Button } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Elf, EvidencePiece, FindingResult } from "../api/finding";
import { downloadEvidence, evidenceOf } from "../api/one_finding";
import { Command, Copy } from "../parts/copy";
import { Inert } from "../parts/inert";
import { save } from "../parts/save";
import { When } from "../parts/when";
import { en } from "../messages/en";
import { isKnown } from "../text/known";
import { bytes } from "../text/numbers";
import { ArchiveDialog } from "./archive";
import { EquivalentCommands } from "./equivalent_commands";
import { downloadEvidence as downloadCommand, evidence as evidenceCommands } from "./equivalents";
import { Fact, Facts, Panel } from "./facts";

const DIGEST = /^[0-9a-f]{64}$/;

function ElfFacts({ elf }: { readonly elf: Elf }) {
  const { t } = useTranslation();
  const facts = [
    elf.class,
    elf.machine,
    elf.type,
    elf.static === undefined ? undefined : t(elf.static ? "finding.elf.static" : "finding.elf.dynamic"),
    elf.stripped === undefined ? undefined : t(elf.stripped ? "finding.elf.stripped" : "finding.elf.symbols"),
  ].filter((fact) => fact !== undefined);
  const needed = Array.isArray(elf.needed) ? elf.needed : [];
  return (
    <>
      <Fact term="ELF">
        <Inert text={facts.join(" · ")} limit={300} />
      </Fact>
      {elf.buildId !== undefined && (
        <Fact term={t("finding.elf.buildId")}>
          <Inert text={elf.buildId} limit={200} />
        </Fact>
      )}
      {elf.interpreter !== undefined && (
        <Fact term={t("finding.elf.interpreter")}>
          <Inert text={elf.interpreter} limit={300} />
        </Fact>
      )}
      {needed.length > 0 && (
        <Fact term={t("finding.elf.needed")}>
          <Inert text={needed.join(", ")} limit={600} />
        </Fact>
      )}
    </>
  );
}

function CustodyOf({ piece }: { readonly piece: EvidencePiece }) {
  const { t } = useTranslation();
  const custody = Array.isArray(piece.custody) ? piece.custody : [];
  return custody.length === 0 ? null : (
    <Fact term={t("finding.custody")}>
      <ol className="custody">
        {custody.slice(0, 100).map(({ time, principal, action }, index) => (
          <li key={index}>
            <When time={time} />{" "}
            {isKnown(en.finding.custodyActions, action) ? t(`finding.custodyActions.${action}`) : <Inert text={action ?? ""} limit={60} />}{" "}
            <Inert text={principal ?? ""} limit={200} />
          </li>
        ))}
      </ol>
    </Fact>
  );
}

interface Shown {
  readonly piece: EvidencePiece;
  /** Its bytes can be had, under this finding's name. */
  readonly name?: string;
}

function Piece({ piece, name }: Shown) {
  const { t } = useTranslation();
  const [error, setError] = useState<string>();
  const digest = piece.sha256 ?? "";
  const isKept = name !== undefined && DIGEST.test(digest);
  const size = Number(piece.size ?? 0);
  const download = async () => {
    setError(undefined);
    try {
      save(await downloadEvidence(name ?? "", digest));
    } catch (failed) {
      setError(failed instanceof Error ? failed.message : String(failed));
    }
  };
  return (
    <li className="piece">
      <h3>
        {isKnown(en.finding.kinds, piece.kind) ? t(`finding.kinds.${piece.kind}`) : <Inert text={piece.kind ?? ""} limit={60} />}{" "}
        <Inert text={piece.name ?? ""} limit={300} />
      </h3>
      <Facts>
        <Fact term={t("finding.size")}>
          {bytes(size)}
          {piece.truncated === true && (
            <strong> – {t("finding.truncated", { size: bytes(Number(piece.originalSize ?? 0)) })}</strong>
          )}
        </Fact>
        <Fact term="SHA-256">
          <span className="hash">
            <Inert text={digest === "" ? t("finding.unknown") : digest} limit={100} />
          </span>{" "}
          {DIGEST.test(digest) && <Copy text={digest} what="SHA-256" />}
        </Fact>
        <Fact term={t("finding.taken")}>
          <When time={piece.takeTime} />
        </Fact>
        {piece.elf !== undefined && piece.elf !== null && <ElfFacts elf={piece.elf} />}
        <CustodyOf piece={piece} />
      </Facts>
      {isKept && (
        <details>
          <summary>{t("finding.asCommand")}</summary>
          <EquivalentCommands of={downloadCommand(location.origin, name, digest)} />
        </details>
      )}
      {isKept && (
        <Button variant="secondary" size="sm" onClick={() => void download()}>
          {t("finding.download")} <span className="visually-hidden">{digest.slice(0, 8)}</span>
        </Button>
      )}
      {error !== undefined && <Alert variant="danger" isInline isLiveRegion title={<Inert text={error} />} />}
    </li>
  );
}

/** What the server keeps, with what the finding says of the same bytes. */
function pieces(kept: readonly EvidencePiece[] | undefined, said: readonly EvidencePiece[]): readonly EvidencePiece[] {
  return kept === undefined || kept.length === 0 ? said : kept;
}

/** What was kept, lost and never taken, and how to have it. */
export function EvidenceTab({ result }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const [isArchive, setArchive] = useState(false);
  const name = result.finding.name ?? "";
  const { data, error } = useQuery(evidenceOf(name));
  const facts = result.finding.vedette;
  const kept = pieces(data, Array.isArray(facts?.evidence) ? facts.evidence : []);
  const lost = Array.isArray(facts?.evidenceLost) ? facts.evidenceLost : [];
  const missing = Array.isArray(facts?.evidenceMissing) ? facts.evidenceMissing : [];
  const isServed = data !== undefined && data.length > 0;
  return (
    <div className="evidence">
      <Panel title={t("finding.kept")}>
        {error !== null && <Alert variant="warning" isInline title={<Inert text={error.message} />} />}
        {kept.length === 0 && <p>{t("finding.noEvidence")}</p>}
        {isServed && (
          <>
            <p>
              <Button variant="primary" onClick={() => setArchive(true)}>
                {t("finding.archive")}
              </Button>
            </p>
            <p className="meaning">{t("finding.archiveWhy")}</p>
            <Command text={evidenceCommands(location.origin, name).vedette ?? ""} />
          </>
        )}
        <ul className="pieces">
          {kept.map((piece, index) => (
            <Piece key={`${piece.sha256 ?? ""}-${index}`} piece={piece} {...(isServed ? { name } : {})} />
          ))}
        </ul>
      </Panel>
      {lost.length > 0 && (
        <Panel title={t("finding.lost")}>
          <p>{t("finding.lostWhy")}</p>
          <ul className="pieces">
            {lost.map((piece, index) => (
              <Piece key={index} piece={piece} />
            ))}
          </ul>
        </Panel>
      )}
      {missing.length > 0 && (
        <Panel title={t("finding.notTaken")}>
          <ul>
            {missing.slice(0, 500).map((text, index) => (
              <li key={index}>
                <Inert text={String(text)} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {isArchive && <ArchiveDialog name={name} onClose={() => setArchive(false)} />}
    </div>
  );
}
