import { Alert } from "@patternfly/react-core";
import { Component, type ReactNode } from "react";
import { Inert } from "./inert";

interface Props {
  /** Says that this part cannot be shown. */
  readonly title: string;
  readonly children: ReactNode;
}

interface State {
  readonly failed: string | undefined;
}

/** Keeps the rest of a page when a part of it cannot be shown: a finding may hold anything. */
export class Boundary extends Component<Props, State> {
  override state: State = { failed: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { failed: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    const { failed } = this.state;
    return failed === undefined ? (
      this.props.children
    ) : (
      <Alert variant="danger" isInline title={this.props.title}>
        <Inert text={failed} />
      </Alert>
    );
  }
}
