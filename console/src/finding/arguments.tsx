import { useTranslation } from "react-i18next";
import { Inert } from "../parts/inert";
import { socat, type Address } from "./socat";

function object({ meaning, parameters }: Address): string {
  return meaning === "executes" || meaning === "system" || meaning === "file"
    ? parameters.join(":")
    : parameters.filter((parameter) => parameter !== "").join(":");
}

/** Arguments one by one; those of socat with what they mean. */
export function Arguments({ args }: { readonly args: readonly string[] }) {
  const { t } = useTranslation();
  const meaning = /(^|\/)socat[^/]*$/.test(args[0] ?? "") ? socat(args) : undefined;
  return (
    <ol className="arguments">
      {args.map((argument, index) => (
        <li key={index}>
          <code>
            <Inert text={argument} />
          </code>
          {meaning?.addresses
            .filter((address) => address.argument === index)
            .flatMap(({ halves }) => halves)
            .map((address, at) => (
              <span key={at} className="meaning">
                {" "}
                {t(`socat.${address.meaning}`, { what: "\u0000" })
                  .split("\u0000")
                  .flatMap((part, piece) =>
                    piece === 0 ? [part] : [<Inert key={piece} text={object(address)} limit={200} />, part],
                  )}
                {address.isEncrypted && ` (${t("socat.encrypted")})`}
                {address.options.length > 0 && (
                  <>
                    {` – ${t("socat.options")}: `}
                    <Inert text={address.options.map((option) => option.text).join(", ")} limit={200} />
                  </>
                )}
              </span>
            ))}
        </li>
      ))}
    </ol>
  );
}
