import { expect, test } from "vitest";
import { changeOf, type Said, type Switch, type Switches } from "../api/detectors";
import { isPlace, placesOf } from "../api/places";
import { chainOf, commandsOf, fromWhere } from "./places";

const CLUSTER = "projects/shop/locations/eu/clusters/prod";

function switches(said: Said, holds: Switch["holds"], service: Switch["holds"] = "ENABLED"): Switches {
  return { service: { said: "INHERITED", holds: service }, modules: new Map([["M", { said, holds }]]) };
}

test("a place is one of the API", () => {
  for (const place of ["organizations/-", "organizations/1", "folders/7", "projects/example.com:shop", CLUSTER]) {
    expect(isPlace(place), place).toBe(true);
  }
  for (const place of ["", "projects", "projects/-", "projects/a b", "projects/../x", "organizations/1/x", `${CLUSTER}/`, "projects/a?b"]) {
    expect(isPlace(place), place).toBe(false);
  }
});

test("sensors name the places there are", () => {
  const resource = { name: `//container.googleapis.com/${CLUSTER}` };
  expect(placesOf([{ parent: "organizations/1/sources/2", resource }, { resource }, {}], "organizations/1")).toEqual([
    "organizations/-",
    "organizations/1",
    "projects/shop",
    CLUSTER,
  ]);
  expect(placesOf([{ resource: { name: "projects/a b/locations/x/clusters/$(id)" } }], undefined)).toEqual(["organizations/-"]);
});

test("a state comes from the nearest place that says it", () => {
  const chain = chainOf(CLUSTER, "organizations/1");
  expect(chain).toEqual([CLUSTER, "projects/shop", "organizations/1", "organizations/-"]);
  const none = switches("INHERITED", "ENABLED");
  expect(fromWhere("M", chain, [switches("ENABLED", "ENABLED"), none, none, none], true)).toEqual({ kind: "here" });
  expect(fromWhere("M", chain, [none, switches("ENABLED", "ENABLED"), none, none], false)).toEqual({
    kind: "place",
    place: "projects/shop",
  });
  expect(fromWhere("M", chain, [none, none, none, switches("DISABLED", "DISABLED")], false)).toEqual({ kind: "above" });
  expect(fromWhere("M", chain, [none, none, none, none], true)).toEqual({ kind: "default" });
  expect(fromWhere("M", chain, [none, none, none, none], false)).toEqual({ kind: "above" });
  expect(fromWhere("M", chain, [none, none, none, none], undefined)).toEqual({ kind: "unknown" });
  expect(fromWhere("M", chain, [switches("ENABLED", "DISABLED", "DISABLED")], true)).toEqual({ kind: "service" });
  expect(fromWhere("M", chain, [undefined], true)).toEqual({ kind: "unknown" });
  expect(fromWhere("M", ["organizations/-"], [none], undefined)).toEqual({ kind: "default" });
  expect(chainOf("organizations/-", undefined)).toEqual(["organizations/-"]);
});

test("a change says the same in every way it can be made", () => {
  const now: Switches = {
    service: { said: "INHERITED", holds: "ENABLED" },
    modules: new Map([
      ["M", { said: "INHERITED", holds: "ENABLED" }],
      ["N", { said: "DISABLED", holds: "DISABLED" }],
    ]),
  };
  expect(changeOf("projects/p", "M", "DISABLED", now)).toEqual({
    method: "PATCH",
    path: "/v1/projects/p/locations/global/securityCenterServices/container-threat-detection?updateMask=modules.M",
    body: { modules: { M: { intendedEnablementState: "DISABLED" } } },
  });
  expect(changeOf(CLUSTER, "M", "ENABLED", now).body).toEqual({
    modules: { M: { moduleEnablementState: "ENABLED" }, N: { moduleEnablementState: "DISABLED" } },
  });
  const first = (place: string) => commandsOf(place, "M", "INHERITED", now)[0];
  expect(first("organizations/-")).toEqual({ by: "vedette", text: "vedette modules inherit M" });
  expect(first("organizations/1")?.text).toBe("vedette modules inherit --organization 1 M");
  expect(first(CLUSTER)?.text).toBe(`vedette modules inherit --cluster ${CLUSTER} M`);
  expect(first("folders/7")?.by).toBe("API");
});
