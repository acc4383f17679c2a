"use client";

import { useMemo, useState } from "react";
import { Field } from "@/components/ui/field";
import { NativeSelect } from "@/components/ui/input";
import { patchMe } from "@/lib/accountApi";
import {
  browserLocale,
  browserTimezone,
  LOCALES,
  timezones,
  usableLocale,
  usableTimezone,
} from "@/lib/locale";
import { messageOf } from "@/lib/problem";
import { useAuthStore } from "@/stores/authStore";
import { showError } from "@/stores/toastStore";

const BROWSERS = "";

/** The account's language and time zone; dates and the assistant follow them. */
export function RegionSettings() {
  const user = useAuthStore((state) => state.user);
  const setUser = useAuthStore((state) => state.setUser);
  const [isSaving, setIsSaving] = useState(false);
  const zones = useMemo(() => withCurrent(timezones(), user?.timezone), [user?.timezone]);
  const locales = LOCALES.some(({ tag }) => tag === user?.locale || !user?.locale)
    ? LOCALES
    : [{ tag: user?.locale ?? "", name: user?.locale ?? "" }, ...LOCALES];

  const save = async (changes: { locale?: string | null; timezone?: string | null }) => {
    setIsSaving(true);
    try {
      setUser(await patchMe(changes));
    } catch (error) {
      showError(messageOf(error));
    } finally {
      setIsSaving(false);
    }
  };

  return (
    <div className="grid gap-5" aria-busy={isSaving}>
      <Field label="Language" hint="Language of the chat and of dates">
        {(control) => (
          <NativeSelect
            {...control}
            value={user?.locale ?? BROWSERS}
            onChange={({ target }) => void save({ locale: target.value || null })}
          >
            <option value={BROWSERS}>As the browser ({browserLocale()})</option>
            {locales.map(({ tag, name }) => (
              <option key={tag} value={tag}>
                {name}
              </option>
            ))}
          </NativeSelect>
        )}
      </Field>
      <Field label="Time zone" hint="What “tomorrow at 5pm” means.">
        {(control) => (
          <NativeSelect
            {...control}
            value={user?.timezone ?? BROWSERS}
            onChange={({ target }) => void save({ timezone: target.value || null })}
          >
            <option value={BROWSERS}>As the device ({browserTimezone()})</option>
            {zones.map((zone) => (
              <option key={zone} value={zone}>
                {zone.replaceAll("_", " ")}
              </option>
            ))}
          </NativeSelect>
        )}
      </Field>
      <p className="text-[0.8125rem] text-muted-foreground">
        Now it is{" "}
        {new Intl.DateTimeFormat(usableLocale(user?.locale), {
          dateStyle: "full",
          timeStyle: "short",
          timeZone: usableTimezone(user?.timezone),
        }).format(new Date())}
        .
      </p>
    </div>
  );
}

/** An account may hold an older name of a zone. */
function withCurrent(zones: string[], current: string | null | undefined): string[] {
  return !current || zones.includes(current) ? zones : [current, ...zones];
}
