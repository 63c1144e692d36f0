import { expect, test } from "vitest";
import { fits, ranked } from "./fuzzy";

const screens = ["Findings", "Detectors", "Sensors", "Settings", "Sign out", "Execution: Socat Reverse Shell Detected"];

test("letters in their order fit, others do not", () => {
  expect(fits("stg", "Settings")).toBeDefined();
  expect(fits("sgt", "Settings")).toBeUndefined();
  expect(fits("", "anything")).toBeDefined();
});

test("beginnings of words and neighbours win", () => {
  expect(ranked("so", screens, String).slice(0, 2)).toEqual(["Execution: Socat Reverse Shell Detected", "Sign out"]);
  expect(ranked("det", screens, String)[0]).toBe("Detectors");
  expect(ranked("socat", screens, String)).toEqual(["Execution: Socat Reverse Shell Detected"]);
  expect(ranked(" ", screens, String)).toEqual(screens);
});
