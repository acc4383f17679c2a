import { useEffect } from "react";
import { create } from "zustand";
import { persist } from "zustand/middleware";

/** The spacing of tasks and messages. */
export type Density = "compact" | "normal";

interface PreferencesState {
  density: Density;
  setDensity: (density: Density) => void;
}

/** The preferences of this browser; next-themes stores the theme. */
export const usePreferences = create<PreferencesState>()(
  persist(
    (set) => ({
      density: "normal",
      setDensity: (density) => set({ density }),
    }),
    { name: "todochat.preferences" },
  ),
);

/** Sets the preferences as attributes of <html>, for the style sheet. */
export function usePreferencesOnPage(): void {
  const density = usePreferences((state) => state.density);
  useEffect(() => {
    document.documentElement.dataset.density = density;
  }, [density]);
}
