"use client";

import { useMemo, useState } from "react";
import { Field } from "@/components/ui/field";
import { NativeSelect } from "@/components/ui/input";
import { patchMe } from "@/lib/accountApi";
import {
  browserLocale,
  browserTimezone,
  LOCALES,
  localeOrDefault,
  timezoneOrDefault,
  timezones,
} from "@/lib/locale";
import { messageOf } from "@/lib/problem";
import { useAuthStore } from "@/stores/authStore";
import { showError } from "@/stores/toastStore";

const BROWSER_DEFAULT = "";

/** The settings of language and time zone, for dates and the assistant. */
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
            value={user?.locale ?? BROWSER_DEFAULT}
            onChange={({ target }) => void save({ locale: target.value || null })}
          >
            <option value={BROWSER_DEFAULT}>Same as browser ({browserLocale()})</option>
            {locales.map(({ tag, name }) => (
              <option key={tag} value={tag}>
                {name}
              </option>
            ))}
          </NativeSelect>
        )}
      </Field>
      <Field label="Time zone" hint="Time zone of dates, such as “tomorrow at 5pm”">
        {(control) => (
          <NativeSelect
            {...control}
            value={user?.timezone ?? BROWSER_DEFAULT}
            onChange={({ target }) => void save({ timezone: target.value || null })}
          >
            <option value={BROWSER_DEFAULT}>Same as device ({browserTimezone()})</option>
            {zones.map((zone) => (
              <option key={zone} value={zone}>
                {zone.replaceAll("_", " ")}
              </option>
            ))}
          </NativeSelect>
        )}
      </Field>
      <p className="text-[0.8125rem] text-muted-foreground">
        Current time:{" "}
        {new Intl.DateTimeFormat(localeOrDefault(user?.locale), {
          dateStyle: "full",
          timeStyle: "short",
          timeZone: timezoneOrDefault(user?.timezone),
        }).format(new Date())}
      </p>
    </div>
  );
}

/** Adds the account's time zone, which may be an older name. */
function withCurrent(zones: string[], current: string | null | undefined): string[] {
  return !current || zones.includes(current) ? zones : [current, ...zones];
}
