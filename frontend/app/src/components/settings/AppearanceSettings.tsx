"use client";

import { useTheme } from "next-themes";
import { RadioGroup } from "@/components/settings/RadioGroup";
import { type Density, usePreferences } from "@/stores/preferencesStore";

const THEMES = [
  { value: "system", name: "Same as device" },
  { value: "light", name: "Light" },
  { value: "dark", name: "Dark" },
] as const;

const DENSITIES: readonly { value: Density; name: string }[] = [
  { value: "normal", name: "Comfortable" },
  { value: "compact", name: "Compact" },
];

/** The settings of theme and density, stored in this browser. */
export function AppearanceSettings() {
  const { theme, setTheme } = useTheme();
  const density = usePreferences((state) => state.density);
  const setDensity = usePreferences((state) => state.setDensity);
  return (
    <div className="grid gap-6">
      <RadioGroup legend="Theme" options={THEMES} value={theme ?? "system"} onChange={setTheme} />
      <RadioGroup
        legend="Density"
        hint="Spacing of tasks and messages"
        options={DENSITIES}
        value={density}
        onChange={setDensity}
      />
      <p className="text-[0.8125rem] text-muted-foreground">
        These settings apply only to this browser.
      </p>
    </div>
  );
}
