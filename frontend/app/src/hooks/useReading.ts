import { useEffect, useMemo, useState } from "react";
import type { Reading } from "@/lib/due";
import { usableLocale, usableTimezone } from "@/lib/locale";
import { useAuthStore } from "@/stores/authStore";

const MINUTE_MS = 60_000;

/** How the person who is signed in reads dates; "now" moves every minute. */
export function useReading(): Reading {
  const locale = useAuthStore((state) => state.user?.locale);
  const timezone = useAuthStore((state) => state.user?.timezone);
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  return useMemo(
    () => ({ locale: usableLocale(locale), timezone: usableTimezone(timezone), now }),
    [locale, timezone, now],
  );
}
