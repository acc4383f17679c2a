import { useEffect } from "react";
import { create } from "zustand";
import { persist } from "zustand/middleware";

/** How much room things take. */
export type Density = "compact" | "normal";

interface PreferencesState {
  density: Density;
  setDensity: (density: Density) => void;
}

/** What a person has chosen for this browser; the theme is kept by next-themes. */
export const usePreferences = create<PreferencesState>()(
  persist(
    (set) => ({
      density: "normal",
      setDensity: (density) => set({ density }),
    }),
    { name: "todochat.preferences" },
  ),
);

/** Puts the choices on <html>, where the style sheet reads them. */
export function usePreferencesOnPage(): void {
  const density = usePreferences((state) => state.density);
  useEffect(() => {
    document.documentElement.dataset.density = density;
  }, [density]);
}
