import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { steps } from "./steps";

const snapshot = JSON.parse(readFileSync("../crates/findings/tests/snapshots/pod.json", "utf8"));

test("the seven steps of a finding, with their commands", () => {
  const found = steps(snapshot.finding.nextSteps);
  expect(found.length).toBe(7);
  expect(found[2]).toEqual({
    title: "Review the pod and its owner:",
    lines: [{ text: "kubectl get pod --namespace=payments web-7d9 -o yaml", isCommand: true }],
  });
  expect(found[3]?.lines.filter((line) => line.isCommand).length).toBe(4);
  expect(found[3]?.lines.find((line) => line.text.startsWith("logName="))?.isCommand).toBe(true);
});

test("other text is no step", () => {
  expect(steps("call somebody")).toEqual([]);
});
