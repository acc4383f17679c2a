import { useEffect } from "react";
import { create } from "zustand";
import { loadSiteTexts, type SiteTexts, TODO_TEXTS } from "@/lib/siteTexts";

interface SiteTextsState {
  texts: SiteTexts | null;
  load: () => Promise<void>;
}

let loading: Promise<void> | null = null;

export const useSiteTextsStore = create<SiteTextsState>()((set) => ({
  texts: null,
  load: () => {
    loading ??= loadSiteTexts().then((texts) => set({ texts }));
    return loading;
  },
}));

/** Returns the texts of the site; null until they are loaded. */
export function useSiteTexts(): SiteTexts | null {
  return useSiteTextsStore((state) => state.texts);
}

/** Loads the texts of the site, and ends each page's title with the site's name. */
export function useSiteTextsOnPage(): void {
  const load = useSiteTextsStore((state) => state.load);
  const siteName = useSiteTexts()?.siteName ?? TODO_TEXTS.siteName;
  useEffect(() => void load(), [load]);
  useEffect(() => {
    if (siteName === TODO_TEXTS.siteName) return;
    const rename = () => {
      const title = titleWithName(document.title, siteName);
      if (title !== document.title) document.title = title;
    };
    rename();
    // The exported pages have the default name, and each navigation sets the title again.
    const observer = new MutationObserver(rename);
    observer.observe(document.head, { childList: true, characterData: true, subtree: true });
    return () => observer.disconnect();
  }, [siteName]);
}

/** Replaces the default name at the end of a page's title. */
export function titleWithName(title: string, siteName: string): string {
  if (title === TODO_TEXTS.siteName) return siteName;
  const suffix = ` · ${TODO_TEXTS.siteName}`;
  return title.endsWith(suffix) ? `${title.slice(0, -suffix.length)} · ${siteName}` : title;
}
