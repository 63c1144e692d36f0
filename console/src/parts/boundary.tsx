import { Alert } from "@patternfly/react-core";
import { Component, type ReactNode } from "react";
import { Inert } from "./inert";

interface Props {
  /** What is shown when the children cannot be. */
  readonly broken: (reason: string) => ReactNode;
  readonly children: ReactNode;
}

interface State {
  readonly failed: string | undefined;
}

/** Keeps the rest of a page when a part of it fails. */
export class Boundary extends Component<Props, State> {
  override state: State = { failed: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { failed: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    const { failed } = this.state;
    return failed === undefined ? this.props.children : this.props.broken(failed);
  }
}

interface Part {
  /** Says that this part cannot be shown. */
  readonly title: string;
  readonly children: ReactNode;
}

/** A part of a page: a finding may hold anything. */
export function PartBoundary({ title, children }: Part) {
  const broken = (reason: string) => (
    <Alert variant="danger" isInline title={title}>
      <Inert text={reason} />
    </Alert>
  );
  return <Boundary broken={broken}>{children}</Boundary>;
}
