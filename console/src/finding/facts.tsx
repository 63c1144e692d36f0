import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from "@patternfly/react-core";
import type { ReactNode } from "react";
import { Copy } from "../parts/copy";
import { Inert } from "../parts/inert";
import { inert } from "../text/inert";

export function Fact({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}

/** A fact that is hostile text. What is copied is what is seen: it may be pasted into a terminal. */
export function Words({ term, text }: { readonly term: string; readonly text: string | undefined }) {
  return text === undefined || text === "" ? null : (
    <Fact term={term}>
      <Inert text={text} /> <Copy text={() => inert(text)} what={term} />
    </Fact>
  );
}

export function Panel({ title, id, children }: { readonly title: string; readonly id?: string; readonly children: ReactNode }) {
  return (
    <Card isCompact {...(id === undefined ? {} : { id, tabIndex: -1 })}>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>{children}</CardBody>
    </Card>
  );
}

export function Facts({ children }: { readonly children: ReactNode }) {
  return (
    <DescriptionList isHorizontal isCompact>
      {children}
    </DescriptionList>
  );
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
