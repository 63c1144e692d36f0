/** The browser's Navigation API, as far as it is needed; not every browser has it. */
interface Navigation {
  readonly currentEntry: { readonly index: number } | null;
  readonly entries: () => readonly { readonly url: string | null }[];
}

/** To the list that the reader came from, as it was; to the list at its beginning for who came by a link. */
export function goBack(navigate: (to: string) => void): void {
  const { navigation } = window as unknown as { readonly navigation?: Navigation };
  const before = navigation?.entries()[(navigation.currentEntry?.index ?? 0) - 1]?.url;
  if (before !== undefined && before !== null && new URL(before).origin === location.origin) {
    history.back();
  } else {
    navigate("/findings");
  }
}
