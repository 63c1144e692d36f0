import { useTranslation } from "react-i18next";
import { local, utc } from "../text/time";

export function When({ time }: { readonly time: string | undefined }) {
  const { i18n } = useTranslation();
  return (
    <time dateTime={time} title={local(time, i18n.language)}>
      {utc(time)}
    </time>
  );
}
