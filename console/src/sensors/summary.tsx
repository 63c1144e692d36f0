import { useTranslation } from "react-i18next";
import { Mark } from "../parts/mark";
import { MARKS, STATES, type Coverage } from "./coverage";

const WIDTH = 1_000;

/** How much of what there is is watched, in one line and one bar. */
export function CoverageSummary({ coverage }: { readonly coverage: Coverage }) {
  const { t, i18n } = useTranslation();
  const { total, byState, lost, lag } = coverage;
  const number = (value: number) => value.toLocaleString(i18n.language);
  const words = [
    t("sensors.watching", { count: byState.OK, of: number(total) }),
    lost === undefined ? t("sensors.lostUnknown") : t("sensors.lostAll", { count: lost }),
    lag === undefined ? t("sensors.lagUnknown") : t("sensors.lagMost", { lag: lag.toLocaleString(i18n.language, { maximumFractionDigits: 1 }) }),
  ].join(" · ");
  let at = 0;
  return (
    <section className="coverage" aria-label={t("sensors.coverage")}>
      <p className="sentence">{words}</p>
      <svg viewBox={`0 0 ${WIDTH} 12`} preserveAspectRatio="none" role="img" aria-label={words}>
        {STATES.map((state) => {
          const width = total === 0 ? 0 : (byState[state] / total) * WIDTH;
          const from = at;
          at += width;
          return width === 0 ? null : (
            <rect key={state} x={from} y="0" width={width} height="12" className={`bar-${MARKS[state]}`} />
          );
        })}
      </svg>
      <ul className="legend">
        {STATES.filter((state) => byState[state] > 0).map((state) => (
          <li key={state}>
            <Mark kind={MARKS[state]}>
              {t(`sensors.states.${state}`)}: {number(byState[state])}
            </Mark>
          </li>
        ))}
      </ul>
    </section>
  );
}
