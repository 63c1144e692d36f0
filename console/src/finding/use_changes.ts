import { useMutation, useQueryClient } from "@tanstack/react-query";
import { setMute, setState, updateExternalSystem, updateMarks } from "../api/one_finding";
import type { ExternalSystem } from "../api/finding";
import { maskOf, type MarksChange } from "./equivalents";

export type Change =
  | { readonly kind: "state"; readonly state: string }
  | { readonly kind: "mute"; readonly mute: string }
  | { readonly kind: "marks"; readonly change: MarksChange }
  | { readonly kind: "system"; readonly system: string; readonly facts: ExternalSystem };

/** What changes a finding; afterwards it is asked for anew, and with it every list that may hold it. */
export function useChanges(name: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (change: Change): Promise<void> => {
      switch (change.kind) {
        case "state":
          await setState(name, change.state);
          break;
        case "mute":
          await setMute(name, change.mute);
          break;
        case "marks":
          await updateMarks(name, change.change.set, maskOf(change.change));
          break;
        case "system":
          await updateExternalSystem(name, change.system, change.facts);
          break;
      }
    },
    onSuccess: async () => {
      void queries.invalidateQueries({ queryKey: ["findings"] });
      void queries.invalidateQueries({ queryKey: ["versions", name] });
      void queries.invalidateQueries({ queryKey: ["shape", name] });
      await queries.invalidateQueries({ queryKey: ["finding"] });
    },
  });
}
