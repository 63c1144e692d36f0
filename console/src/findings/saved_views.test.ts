import { expect, test } from "vitest";
import { remove, rename, save, views, VIEWS_MAX } from "./saved_views";

function storage(said: string | null = null) {
  let held = said;
  return {
    getItem: () => held,
    setItem: (_: string, value: string) => {
      held = value;
    },
  };
}

test("views are kept by name, the last saved first", () => {
  const kept = storage();
  save(kept, "mine", "filter=a");
  save(kept, " shells ", "filter=b");
  save(kept, "mine", "filter=c");
  expect(views(kept)).toEqual([
    { name: "mine", search: "filter=c" },
    { name: "shells", search: "filter=b" },
  ]);
  expect(rename(kept, "mine", "shells")[0]?.name).toBe("mine");
  expect(rename(kept, "mine", "  ")[0]?.name).toBe("mine");
  expect(rename(kept, "mine", "yours")[0]).toEqual({ name: "yours", search: "filter=c" });
  expect(remove(kept, "yours")).toEqual([{ name: "shells", search: "filter=b" }]);
});

test("what cannot be read is as if it were not there", () => {
  for (const said of ["{", "{}", "null", '[1,null,{"name":1}]', null]) {
    expect(views(storage(said))).toEqual([]);
  }
  const kept = storage();
  for (let index = 0; index <= VIEWS_MAX; index += 1) {
    save(kept, `v${index}`, "");
  }
  expect(views(kept)).toHaveLength(VIEWS_MAX);
});
