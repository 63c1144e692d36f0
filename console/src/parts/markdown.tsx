import { blocks, type Span } from "../text/markdown";
import { Inert } from "./inert";
import "./parts.css";

function Spans({ spans }: { readonly spans: readonly Span[] }) {
  return spans.map(({ text, isCode, isStrong }, index) => {
    const shown = <Inert key={index} text={text} />;
    return isCode ? <code key={index}>{shown}</code> : isStrong ? <strong key={index}>{shown}</strong> : shown;
  });
}

/** Prose of the catalogue, as text nodes alone. */
export function Markdown({ text }: { readonly text: string }) {
  return (
    <div className="prose">
      {blocks(text).map((block, index) => {
        switch (block.kind) {
          case "heading":
            return (
              <h3 key={index}>
                <Spans spans={block.spans} />
              </h3>
            );
          case "paragraph":
            return (
              <p key={index}>
                <Spans spans={block.spans} />
              </p>
            );
          case "code":
            return (
              <pre key={index} tabIndex={0}>
                <code>
                  {block.text.split("\n").map((line, at) => (
                    <div key={at}>
                      <Inert text={line} />
                    </div>
                  ))}
                </code>
              </pre>
            );
          case "list": {
            const List = block.isNumbered ? "ol" : "ul";
            return (
              <List key={index}>
                {block.items.map((item, at) => (
                  <li key={at}>
                    <Spans spans={item} />
                  </li>
                ))}
              </List>
            );
          }
        }
      })}
    </div>
  );
}
