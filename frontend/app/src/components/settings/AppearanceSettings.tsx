"use client";

import { useTheme } from "next-themes";
import { Choices } from "@/components/settings/Choices";
import { type Density, usePreferences } from "@/stores/preferencesStore";

const THEMES = [
  { value: "system", name: "As the device" },
  { value: "light", name: "Light" },
  { value: "dark", name: "Dark" },
] as const;

const DENSITIES: readonly { value: Density; name: string }[] = [
  { value: "normal", name: "Comfortable" },
  { value: "compact", name: "Compact" },
];

/** Colours and room; kept in this browser. */
export function AppearanceSettings() {
  const { theme, setTheme } = useTheme();
  const density = usePreferences((state) => state.density);
  const setDensity = usePreferences((state) => state.setDensity);
  return (
    <div className="grid gap-6">
      <Choices legend="Theme" choices={THEMES} value={theme ?? "system"} onChange={setTheme} />
      <Choices
        legend="Density"
        hint="How much room tasks and messages take."
        choices={DENSITIES}
        value={density}
        onChange={setDensity}
      />
      <p className="text-[0.8125rem] text-muted-foreground">These hold for this browser only.</p>
    </div>
  );
}
