import { useEffect, useMemo, useState } from "react";
import type { DateContext } from "@/lib/due";
import { localeOrDefault, timezoneOrDefault } from "@/lib/locale";
import { useAuthStore } from "@/stores/authStore";

const MINUTE_MS = 60_000;

/** Returns the signed-in user's locale and time zone; the current time is updated every minute. */
export function useDateContext(): DateContext {
  const locale = useAuthStore((state) => state.user?.locale);
  const timezone = useAuthStore((state) => state.user?.timezone);
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  return useMemo(
    () => ({ locale: localeOrDefault(locale), timezone: timezoneOrDefault(timezone), now }),
    [locale, timezone, now],
  );
}
