import { useTranslation } from "react-i18next";
import type { EvidencePiece, FindingResult } from "../api/finding";
import { Command } from "../parts/copy";
import { Inert } from "../parts/inert";
import { When } from "../parts/when";
import { bytes } from "../text/numbers";
import { command } from "../text/shell";

function Pieces({ title, pieces }: { readonly title: string; readonly pieces: readonly EvidencePiece[] }) {
  const { t } = useTranslation();
  return pieces.length === 0 ? null : (
    <>
      <h2>{title}</h2>
      <ul className="pieces">
        {pieces.map((piece, index) => (
          <li key={index}>
            <strong>{piece.kind}</strong> <Inert text={piece.name ?? ""} />
            <br />
            {t("finding.size")} {bytes(Number(piece.size ?? 0))} · {t("finding.taken")} <When time={piece.takeTime} />
            <br />
            <code className="hash">sha256 {piece.sha256}</code>
          </li>
        ))}
      </ul>
    </>
  );
}

export function EvidenceTab({ result }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const facts = result.finding.vedette;
  const missing = facts?.evidenceMissing ?? [];
  return (
    <div className="evidence">
      <p>
        {t("finding.downloadAll")}: <Command text={command("vedette", "findings", "evidence", result.finding.name ?? "")} />
      </p>
      <Pieces title={t("finding.kept")} pieces={facts?.evidence ?? []} />
      <Pieces title={t("finding.lost")} pieces={facts?.evidenceLost ?? []} />
      {missing.length > 0 && (
        <>
          <h2>{t("finding.notTaken")}</h2>
          <ul>
            {missing.map((text, index) => (
              <li key={index}>
                <Inert text={text} />
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
