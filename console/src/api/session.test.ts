import { beforeEach, expect, test, vi } from "vitest";
import { credentials, nameIn, sessionEnded, signIn, signOut } from "./session";

beforeEach(() => sessionStorage.clear());

test("the token goes along while it counts, and stays in the tab", () => {
  signIn("secret");
  expect(credentials()).toEqual({ Authorization: "Bearer secret" });
  expect(sessionStorage.getItem("vedette.token")).toBe("secret");
  sessionEnded();
  expect(credentials()).toEqual({});
  signIn("secret");
  signOut();
  expect(sessionStorage.length).toBe(0);
});

test("a link's token is taken out of the address, tab and query stay", async () => {
  history.replaceState(null, "", "/finding/x?tab=story#token=vdt_abc");
  vi.resetModules();
  const linked = await import("./session");
  expect(linked.credentials()).toEqual({ Authorization: "Bearer vdt_abc" });
  expect(location.href).toMatch(/\/finding\/x\?tab=story$/);
});

test("only a signed token says whose it is", () => {
  const claims = (of: object) => `h.${btoa(JSON.stringify(of)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.s`;
  expect(nameIn(claims({ sub: "1234", email: "a@example.org" }))).toBe("a@example.org");
  expect(nameIn(claims({ sub: "1234" }))).toBe("1234");
  expect(nameIn("vdt_0123")).toBeUndefined();
  expect(nameIn("a.!!.c")).toBeUndefined();
  expect(nameIn(claims({ sub: 7 }))).toBeUndefined();
});
