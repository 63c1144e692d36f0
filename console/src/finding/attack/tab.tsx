import { useEffect, useState } from "react";
import { Card, CardBody, CardTitle, Gallery, Spinner } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { FindingResult } from "../../api/finding";
import { count } from "../../api/findings";
import { Inert } from "../../parts/inert";
import { TACTICS, type Tactic } from "../../text/attack_ids";
import { cardsOf, listOf, pageOf, sameTechnique, tacticsOf, type Card as Technique, type Catalogue } from "./techniques";

/** Descriptions of the reader's language alone: they come with this tab and not before. */
function useCatalogue(): Catalogue | undefined {
  const { i18n } = useTranslation();
  const [held, hold] = useState<Catalogue>();
  useEffect(() => {
    let isWanted = true;
    const load = i18n.language === "fr" ? import("./catalogue_fr") : import("./catalogue_en");
    void load.then(({ catalogue }) => isWanted && hold(catalogue));
    return () => {
      isWanted = false;
    };
  }, [i18n.language]);
  return held;
}

function Tactics({ result: { finding } }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const { primary, others } = tacticsOf(finding);
  return (
    <>
      <h2>{t("finding.attackTab.chain")}</h2>
      <ol className="tactics" aria-label={t("finding.attackTab.chain")}>
        {(Object.keys(TACTICS) as Tactic[]).map((tactic) => {
          const kind = tactic === primary ? "primary" : others.includes(tactic) ? "other" : undefined;
          return (
            <li key={tactic} className={kind === undefined ? undefined : `tactic-${kind}`}>
              {kind !== undefined && <span aria-hidden="true">{kind === "primary" ? "◆ " : "◇ "}</span>}
              {t(`finding.attackTab.tactics.${tactic}`)}
              {kind !== undefined && <span className="tactic-word">{t(`finding.attackTab.${kind}`)}</span>}
            </li>
          );
        })}
      </ol>
    </>
  );
}

/** How many other open findings there are of the same technique. */
function Others({ card, isOpen }: { readonly card: Technique; readonly isOpen: boolean }) {
  const { t } = useTranslation();
  const { data, error } = useQuery(count(sameTechnique(card)));
  if (error !== null) {
    return <p className="meaning">{t("finding.attackTab.notCounted")}</p>;
  }
  if (data === undefined) {
    return <p>{t("app.loading")}</p>;
  }
  const others = Math.max(0, data.total - (isOpen ? 1 : 0));
  return (
    <p>
      {others === 0 ? (
        t("finding.attackTab.noOthers")
      ) : (
        <Link href={listOf(card)}>
          {t(data.isLeast ? "finding.attackTab.othersLeast" : "finding.attackTab.others", { count: others })}
        </Link>
      )}
    </p>
  );
}

function TechniqueCard({ card, catalogue, isOpen }: {
  readonly card: Technique;
  readonly catalogue: Catalogue;
  readonly isOpen: boolean;
}) {
  const { t } = useTranslation();
  const described = card.id === "" || !Object.hasOwn(catalogue, card.id) ? undefined : catalogue[card.id];
  const page = pageOf(card.id);
  return (
    <Card isCompact>
      <CardTitle component="h3">
        {card.id !== "" && `${card.id} `}
        {described === undefined ? (
          <Inert text={card.word === card.id ? "" : card.word.replaceAll("_", " ").toLowerCase()} limit={120} />
        ) : (
          described.name
        )}
      </CardTitle>
      <CardBody>
        <p className="meaning">{t(card.isPrimary ? "finding.attackTab.isPrimary" : "finding.attackTab.isOther")}</p>
        {described === undefined ? (
          <p>{t("finding.attackTab.notDescribed")}</p>
        ) : (
          <>
            <p className="meaning">
              {described.tactics.map((tactic) => t(`finding.attackTab.tactics.${tactic}`)).join(" · ")}
            </p>
            <p>{described.means}</p>
            <h4>{t("finding.attackTab.against")}</h4>
            <ul>
              {described.against.map((measure) => (
                <li key={measure}>{measure}</li>
              ))}
            </ul>
          </>
        )}
        {card.id !== "" && <Others card={card} isOpen={isOpen} />}
        {page !== undefined && (
          <a href={page} target="_blank" rel="noreferrer noopener">
            {t("finding.attackTab.page", { id: card.id })}
          </a>
        )}
      </CardBody>
    </Card>
  );
}

/** Where the finding stands in an attack, and what its techniques are, without the network. */
export function AttackTab({ result }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const catalogue = useCatalogue();
  const { finding } = result;
  const cards = cardsOf(finding);
  const version = finding.mitreAttack?.version;
  const isOpen = finding.state === "ACTIVE" && finding.mute !== "MUTED";
  return (
    <div className="attack">
      <Tactics result={result} />
      <h2>{t("finding.attackTab.techniques")}</h2>
      {cards.length === 0 && <p>{t("finding.attackTab.none")}</p>}
      {catalogue === undefined ? (
        <Spinner aria-label={t("app.loading")} />
      ) : (
        <Gallery hasGutter minWidths={{ default: "min(100%, 22rem)" }}>
          {cards.map((card) => (
            <TechniqueCard key={card.id + card.word} card={card} catalogue={catalogue} isOpen={isOpen} />
          ))}
        </Gallery>
      )}
      {version !== undefined && version !== "" && (
        <p className="meaning">
          <Inert text={t("finding.attackTab.version", { version })} limit={100} />
        </p>
      )}
    </div>
  );
}
