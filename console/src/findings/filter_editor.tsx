import { autocompletion, closeBrackets, completionKeymap, type CompletionContext } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { quoted } from "../text/quoted";
import { COUNTED, FIELDS, placeAt } from "./fields";

const LINE = "var(--pf-t--global--border--color--default)";

/** The colours of the page: its variables reach into the editor, its rules do not. */
const THEME = EditorView.theme({
  "&": {
    color: "inherit",
    background: "var(--pf-t--global--background--color--control--default)",
    border: "1px solid var(--pf-t--global--border--color--control--default)",
    borderRadius: "var(--pf-t--global--border--radius--small)",
    padding: "0.25rem",
  },
  "&.cm-focused": { outline: "2px solid var(--pf-t--global--border--color--clicked)" },
  ".cm-content": { caretColor: "currentcolor", fontFamily: "var(--pf-t--global--font--family--mono)" },
  ".cm-placeholder": { color: "var(--pf-t--global--text--color--subtle)" },
  ".cm-cursor": { borderLeftColor: "currentcolor" },
  ".cm-tooltip": { background: "var(--pf-t--global--background--color--floating--default)", border: `1px solid ${LINE}` },
  ".cm-tooltip-autocomplete > ul > li": { padding: "0.15rem 0.5rem" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    background: "var(--pf-t--global--color--brand--default)",
    color: "var(--pf-t--global--text--color--on-brand--default)",
  },
  ".cm-completionDetail": { color: "inherit", fontStyle: "normal" },
  ".cm-completionIcon": { display: "none" },
  // the editor's own is an image from a data URL, which the page's policy refuses
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--pf-t--global--icon--color--status--danger--default)",
  },
});

interface Editor {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  /** The reader was writing when it came. */
  readonly isFocused: boolean;
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
    if (frame.current === null) {
      return;
    }
    // in a tree of its own the editor adopts its style sheet: a style element would be refused by the page's policy
    const root = frame.current.shadowRoot ?? frame.current.attachShadow({ mode: "open" });
    root.replaceChildren();
    view.current = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          // completion takes Enter first while it is open; otherwise the filter is applied and no line is begun
          keymap.of([...completionKeymap, { key: "Enter", run: apply }, ...defaultKeymap, ...historyKeymap]),
          history(),
          THEME,
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
    if (latest.current.isFocused) {
      view.current.dispatch({ selection: { anchor: view.current.state.doc.length } });
      view.current.focus();
    }
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

  // keys of pages leave alone what is pressed in an element of this class
  return <div ref={frame} className="filter-editor cm-editor" />;
}
