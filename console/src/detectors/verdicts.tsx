import { useTranslation } from "react-i18next";
import type { Verdict } from "../api/detectors";
import { Inert } from "../parts/inert";
import { Mark, type Kind } from "../parts/mark";
import type { Messages } from "../messages/en";

const VERDICTS: Readonly<Record<keyof Messages["detectors"]["verdicts"], Kind>> = {
  FOUND: "attention",
  QUIET: "off",
  UNDECIDED: "unknown",
};
const STATES: Readonly<Record<keyof Messages["detectors"]["states"], Kind>> = { TRUE: "good", FALSE: "bad", UNKNOWN: "unknown" };

/** What each detector said, condition by condition. */
export function Verdicts({ verdicts }: { readonly verdicts: readonly Verdict[] }) {
  const { t } = useTranslation();
  return verdicts.map(({ module, verdict, conditions, pid, commandLine }, index) => {
    const known = (verdict ?? "") in VERDICTS ? (verdict as keyof typeof VERDICTS) : "UNDECIDED";
    return (
      <section key={index} className="verdict">
        <h3>
          <code>{module}</code> <Mark kind={VERDICTS[known]}>{t(`detectors.verdicts.${known}`)}</Mark>
        </h3>
        {commandLine !== undefined && (
          <p>
            {pid !== undefined && t("finding.pid", { pid })} <Inert text={commandLine} limit={300} />
          </p>
        )}
        <ul className="conditions">
          {(conditions ?? []).map(({ condition, state, reason }, at) => {
            const of = (state ?? "") in STATES ? (state as keyof typeof STATES) : "UNKNOWN";
            return (
              <li key={at}>
                <Mark kind={STATES[of]}>{t(`detectors.states.${of}`)}</Mark>
                <span>
                  <Inert text={condition ?? ""} />
                  {reason !== undefined && reason !== "" && (
                    <span className="meaning">
                      {" "}
                      – <Inert text={reason} />
                    </span>
                  )}
                </span>
              </li>
            );
          })}
        </ul>
      </section>
    );
  });
}
