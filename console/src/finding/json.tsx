import type { FindingResult } from "../api/finding";
import { Copy } from "../parts/copy";
import { Inert } from "../parts/inert";

/** As the API has it. */
export function JsonTab({ result }: { readonly result: FindingResult }) {
  const text = JSON.stringify(result, undefined, 2);
  return (
    <div className="json">
      <Copy text={text} what="JSON" />
      <pre tabIndex={0}>
        {text.split("\n").map((line, index) => (
          <div key={index}>
            <Inert text={line} limit={2_000} />
          </div>
        ))}
      </pre>
    </div>
  );
}
