import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { marksChange, maskOf, setMute, setState, updateExternalSystem, updateMarks, vedette } from "./equivalents";

const NAME = "organizations/local/sources/ctd/locations/local/findings/0123";
const HERE = "http://127.0.0.1:7979";

test("each action has its commands", () => {
  expect(setMute(HERE, NAME, "MUTED").vedette).toBe(`vedette findings set-mute ${NAME} --mute muted`);
  expect(setState("https://v.example", NAME, "INACTIVE").vedette).toBe(
    `vedette findings update ${NAME} --state inactive --server https://v.example`,
  );
  expect(setState(HERE, NAME, "INACTIVE").api).toBe(
    `curl -X POST -H 'Content-Type: application/json' --data '{"state":"INACTIVE"}' ${HERE}/v2/${NAME}:setState -H "Authorization: Bearer $VEDETTE_TOKEN"`,
  );
});

test("marks that changed, and nothing else", () => {
  const change = marksChange({ team: "a", old: "1", same: "s" }, { team: "b", same: "s", fresh: "f" });
  expect(change).toEqual({ set: { team: "b", fresh: "f" }, removed: ["old"] });
  expect(maskOf(change)).toBe("marks.team,marks.fresh,marks.old");
  expect(updateMarks(HERE, NAME, change).vedette).toBe(
    `vedette findings update-marks ${NAME} --security-marks=team=b,fresh=f --update-mask=marks.team,marks.fresh,marks.old`,
  );
});

test("keys of JavaScript's own objects are marks as any other", () => {
  expect(marksChange({}, Object.fromEntries([["constructor", "x"]])).set).toEqual({ constructor: "x" });
});

test("a value that the command cannot say is said by the API alone", () => {
  expect(updateMarks(HERE, NAME, { set: { a: "1,2" }, removed: [] }).vedette).toBeUndefined();
});

const HOSTILE = "x'; touch /tmp/pwned; $(id) `id` \u202e\u001b[2J\r\n\ud800";

test("hostile values stay one word of a shell, and nothing acts on a terminal", () => {
  const commands = [
    updateMarks(HERE, NAME, { set: { a: HOSTILE }, removed: [] }).vedette ?? "",
    updateExternalSystem(HERE, NAME, "jira", { externalUid: HOSTILE }).api,
    vedette(HERE, "show", HOSTILE),
  ];
  for (const text of commands) {
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    const [program, ...rest] = text.split(" ");
    expect(["vedette", "curl"]).toContain(program);
    const words = execFileSync("bash", ["-c", `printf '%s\\0' ${rest.join(" ")}`], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", VEDETTE_TOKEN: "t" },
    }).split("\0");
    expect(words.some((word) => word.includes("touch /tmp/pwned; $(id) `id`"))).toBe(true);
  }
});
