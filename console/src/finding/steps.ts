// The playbook that comes with a finding, taken apart: numbered steps, each with words and commands.

export interface Line {
  readonly text: string;
  readonly isCommand: boolean;
}

export interface Step {
  readonly title: string;
  readonly lines: readonly Line[];
}

export function steps(text: string): Step[] {
  const found: { title: string; lines: Line[] }[] = [];
  for (const line of text.split("\n")) {
    const numbered = /^\d+\. (.*)$/.exec(line);
    const current = found.at(-1);
    if (numbered !== null) {
      found.push({ title: numbered[1] ?? "", lines: [] });
    } else if (current !== undefined && line.trim() !== "") {
      const command = /^ {3}(?:([a-z]+): )?`(.*)`$/.exec(line);
      if (command === null) {
        current.lines.push({ text: line.trim(), isCommand: false });
      } else {
        if (command[1] !== undefined) {
          current.lines.push({ text: command[1], isCommand: false });
        }
        current.lines.push({ text: command[2] ?? "", isCommand: true });
      }
    }
  }
  return found;
}
