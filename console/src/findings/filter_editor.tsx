import { autocompletion, closeBrackets, completionKeymap, type CompletionContext } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { quoted } from "./conjunction";
import { COUNTED, FIELDS, placeAt } from "./fields";

interface Editor {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  /** Offset of the error and what it says. */
  readonly error: { readonly at: number; readonly message: string } | undefined;
  readonly onChange: (filter: string) => void;
  readonly onApply: (filter: string) => void;
  /** Values of a field and how many findings have each. */
  readonly valuesOf: (field: string) => Promise<readonly (readonly [value: string, count: string])[]>;
}

/** One line in which a filter is written, with fields and values offered. */
export default function FilterEditor(props: Editor) {
  const frame = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const complete = async (context: CompletionContext) => {
      const place = placeAt(context.state.doc.toString(), context.pos);
      if (place.field === "") {
        const options = FIELDS.map((label) => ({ label, type: "property" }));
        return context.explicit || context.pos > place.from ? { from: place.from, options } : null;
      }
      if (!COUNTED.has(place.field)) {
        return null;
      }
      const values = await latest.current.valuesOf(place.field);
      return {
        from: place.from,
        options: values.map(([value, count]) => ({ label: quoted(value), detail: count, type: "constant" })),
      };
    };
    const apply = () => {
      latest.current.onApply(view.current?.state.doc.toString() ?? "");
      return true;
    };
    const label = new Compartment();
    view.current = new EditorView({
      ...(frame.current === null ? {} : { parent: frame.current }),
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          // completion takes Enter first while it is open; otherwise the filter is applied and no line is begun
          keymap.of([...completionKeymap, { key: "Enter", run: apply }, ...defaultKeymap, ...historyKeymap]),
          history(),
          // a long filter is seen whole
          EditorView.lineWrapping,
          closeBrackets(),
          autocompletion({ override: [complete], defaultKeymap: false }),
          placeholder(latest.current.hint),
          label.of(EditorView.contentAttributes.of({ "aria-label": latest.current.label })),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) {
              latest.current.onChange(update.state.doc.toString());
            }
          }),
          // a carriage return is part of a value like any other character
          EditorState.lineSeparator.of("\n"),
          // one line: what is pasted becomes one
          EditorState.transactionFilter.of((transaction) =>
            transaction.newDoc.lines > 1
              ? {
                  changes: {
                    from: 0,
                    to: transaction.startState.doc.length,
                    insert: transaction.newDoc.toString().replaceAll("\n", " "),
                  },
                }
              : transaction,
          ),
        ],
      }),
    });
    return () => view.current?.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (editor !== undefined && editor.state.doc.toString() !== props.value) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: props.value.replaceAll("\n", " ") } });
    }
  }, [props.value]);

  useEffect(() => {
    const editor = view.current;
    if (editor === undefined) {
      return;
    }
    const end = editor.state.doc.length;
    const from = Math.min(props.error?.at ?? 0, Math.max(0, end - 1));
    editor.dispatch(
      setDiagnostics(
        editor.state,
        props.error === undefined
          ? []
          : [{ from, to: Math.min(from + 1, end), severity: "error", message: props.error.message }],
      ),
    );
  }, [props.error?.at, props.error?.message]);

  return <div ref={frame} className="filter-editor" />;
}
