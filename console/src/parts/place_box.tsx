import { useId, useState } from "react";
import { FormGroup, HelperText, HelperTextItem, TextInput } from "@patternfly/react-core";
import "./parts.css";

interface Box {
  readonly label: string;
  readonly help: string;
  readonly wrong: string;
  readonly value: string;
  readonly known: readonly string[];
  readonly isPlace: (text: string) => boolean;
  readonly onChoose: (place: string) => void;
}

/** Names a place of the API: one that is known, or another that is written and entered. */
export function PlaceBox({ label, help, wrong, value, known, isPlace, onChoose }: Box) {
  const id = useId();
  const [written, setWritten] = useState(value);
  const isWrong = !isPlace(written);
  return (
    <form
      className="place"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isWrong) {
          onChoose(written);
        }
      }}
    >
      <FormGroup label={label} fieldId={id}>
        <TextInput
          id={id}
          list={`${id}-known`}
          autoComplete="off"
          spellCheck={false}
          validated={isWrong ? "error" : "default"}
          aria-describedby={`${id}-help`}
          value={written}
          onChange={(_, next) => {
            setWritten(next);
            if (known.includes(next)) {
              onChoose(next);
            }
          }}
        />
        <datalist id={`${id}-known`}>
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <HelperText id={`${id}-help`}>
          <HelperTextItem variant={isWrong ? "error" : "default"}>{isWrong ? wrong : help}</HelperTextItem>
        </HelperText>
      </FormGroup>
    </form>
  );
}
