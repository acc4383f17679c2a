"use client";

import { LoadedList } from "@/components/settings/LoadedList";
import { Button } from "@/components/ui/button";
import { useLoaded } from "@/hooks/use-loaded";
import { useReading } from "@/hooks/use-reading";
import {
  type DeviceSession,
  deleteSession,
  getSessions,
  postSignOutEverywhere,
} from "@/lib/account-api";
import { deviceName } from "@/lib/device-name";
import { formatMoment } from "@/lib/due";
import { messageOf } from "@/lib/problem";
import { useAuthStore } from "@/stores/authStore";
import { showError } from "@/stores/toastStore";

/** Where one is signed in. */
export function SessionSettings() {
  const [sessions, reload] = useLoaded(getSessions);
  const forget = useAuthStore((state) => state.forget);

  const end = (id: string) =>
    deleteSession(id).then(reload, (error: unknown) => showError(messageOf(error)));
  const endAll = () =>
    postSignOutEverywhere().then(
      () => forget("chosen"),
      (error: unknown) => showError(messageOf(error)),
    );

  return (
    <div className="grid gap-4">
      <p className="text-sm text-muted-foreground">
        These devices are signed in. End the ones you don’t know, and change your password then.
      </p>
      <LoadedList state={sessions} onRetry={() => void reload()} empty="No session.">
        {(items) =>
          items.map((session) => (
            <SessionRow key={session.id} session={session} onEnd={() => void end(session.id)} />
          ))
        }
      </LoadedList>
      <div>
        <Button variant="outline" size="sm" onClick={() => void endAll()}>
          Sign out everywhere
        </Button>
      </div>
    </div>
  );
}

function SessionRow({ session, onEnd }: { session: DeviceSession; onEnd: () => void }) {
  const reading = useReading();
  const name = deviceName(session.user_agent);
  return (
    <li className="flex items-center gap-3 px-3 py-2.5 text-sm">
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium">{name}</p>
        <p className="text-xs text-muted-foreground">
          {session.current ? "This device" : `Used ${formatMoment(session.last_used_at, reading)}`}
          {" · "}since {formatMoment(session.created_at, reading)}
        </p>
      </div>
      {session.current ? null : (
        <Button variant="ghost" size="sm" aria-label={`End session: ${name}`} onClick={onEnd}>
          End
        </Button>
      )}
    </li>
  );
}
