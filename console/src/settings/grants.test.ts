import { expect, test } from "vitest";
import type { Binding } from "../api/access";
import { grantWords, isParent, isTokenName, tokenArguments, tokenBody } from "./grants";

const bindings: readonly Binding[] = [{ role: "viewer" }, { role: "editor", parent: "projects/shop" }, { role: "admin", parent: "" }];

test("a role is said the same to the API and to the command", () => {
  expect(tokenBody(bindings, 90, Date.parse("2026-01-01T00:00:00Z"))).toEqual({
    bindings: [{ role: "viewer" }, { role: "editor", parent: "projects/shop" }, { role: "admin" }],
    expireTime: "2026-04-01T00:00:00.000Z",
  });
  expect(tokenBody([], 0, 0)).toEqual({ bindings: [] });
  expect(tokenArguments("ci", bindings, 90).join(" ")).toBe(
    "vedette tokens create ci --role viewer --role editor@projects/shop --role admin --expires 90d",
  );
  expect(bindings.slice(0, 2).map(grantWords)).toEqual(["viewer", "editor@projects/shop"]);
});

test("names and parents are looked at before the server is asked", () => {
  expect(["", "projects/p", "folders/7", "organizations/1"].every(isParent)).toBe(true);
  expect(["projects", "projects/", "projects/-", "projects/a b", "projects/p/sources/s", "users/x"].some(isParent)).toBe(false);
  expect(isTokenName("ci.prod-1_x")).toBe(true);
  expect(["", "a b", "a/b", "x".repeat(65)].some(isTokenName)).toBe(false);
});
