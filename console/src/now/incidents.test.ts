import { expect, test } from "vitest";
import { rowOf, type Row } from "../api/list";
import { incidents } from "./incidents";

const START = Date.parse("2026-01-01T00:00:00Z");
let count = 0;

function row(minute: number, said: Partial<Row>): Row {
  count += 1;
  const base = rowOf({ finding: { name: `f${count}`, eventTime: new Date(START + minute * 60_000).toISOString() } });
  return { ...base, severity: "MEDIUM", category: "Shell", cluster: "shop", ...said };
}

const web = { namespace: "shop", pod: "web-1", container: "web", containerId: "c1" };

test("findings of one pod soon after another are one incident, and a pause makes two", () => {
  const found = incidents([row(0, web), row(14, web), row(29, { ...web, category: "Miner" }), row(45, web)]);
  expect(found.map(({ rows }) => rows.length)).toEqual([1, 3]);
  expect(found[1]).toMatchObject({
    first: "2026-01-01T00:00:00.000Z",
    last: "2026-01-01T00:29:00.000Z",
    place: { kind: "pod", what: "shop/web-1" },
  });
});

test("containers of a pod belong together, pods, clusters and nodes do not", () => {
  const found = incidents([
    row(0, web),
    row(1, { ...web, container: "side", containerId: "c2" }),
    row(2, { ...web, pod: "web-2", containerId: "c3" }),
    row(3, { ...web, cluster: "other", containerId: "c4" }),
    row(4, { node: "n1" }),
    row(5, { node: "n2" }),
    row(6, { resourceName: "//x" }),
  ]);
  expect(found.map(({ rows }) => rows.length).sort()).toEqual([1, 1, 1, 1, 1, 2]);
});

test("a container whose pod was known late belongs to it", () => {
  const early = row(0, { container: "", containerId: "c1" });
  const [only, ...none] = incidents([early, row(1, web)]);
  expect(none).toEqual([]);
  expect(only?.place).toMatchObject({ kind: "pod", what: "shop/web-1" });
  expect(incidents([early])[0]?.place).toMatchObject({ kind: "container", what: "c1" });
});

test("the worst comes first and speaks for the incident", () => {
  const [worst, other, unknown] = incidents([
    row(9, { node: "n3", severity: "OF_TOMORROW" }),
    row(5, { node: "n1", severity: "LOW" }),
    row(0, { ...web, severity: "CRITICAL", category: "Escape" }),
    row(2, { ...web, severity: "LOW", category: "Scan" }),
    row(3, { ...web, severity: "CRITICAL", category: "Miner" }),
  ]);
  expect(worst?.worst.category).toBe("Miner");
  expect(worst?.categories).toEqual(["Scan", "Escape"]);
  expect(other?.worst.severity).toBe("LOW");
  expect(unknown?.place.what).toBe("n3");
  expect(incidents([])).toEqual([]);
});

test("thousands are grouped at once", () => {
  const rows = Array.from({ length: 3_000 }, (_, index) => row(index, { ...web, pod: `p${index % 50}`, containerId: `i${index % 50}` }));
  const began = performance.now();
  expect(incidents(rows).length).toBeGreaterThan(49);
  expect(performance.now() - began).toBeLessThan(500);
});
