"use client";

import { useState } from "react";
import { RevokeTokensField, revokesTokens } from "@/components/settings/RevokeTokensField";
import { Button } from "@/components/ui/button";
import { LoadedList } from "@/components/ui/loadedList";
import { useDateContext } from "@/hooks/useDateContext";
import { useLoaded } from "@/hooks/useLoaded";
import { useSubmit } from "@/hooks/useSubmit";
import {
  type DeviceSession,
  deleteSession,
  getSessions,
  postSignOutEverywhere,
} from "@/lib/accountApi";
import { deviceName } from "@/lib/deviceName";
import { formatMoment } from "@/lib/due";
import { messageOf } from "@/lib/problem";
import { useAuthStore } from "@/stores/authStore";
import { showError } from "@/stores/toastStore";

/** The list of sessions, which can be ended. */
export function SessionSettings() {
  const [sessions, reload] = useLoaded(getSessions);
  const [isConfirming, setIsConfirming] = useState(false);

  const endSession = (id: string) =>
    deleteSession(id).then(reload, (error: unknown) => showError(messageOf(error)));

  return (
    <div className="grid gap-4">
      <p className="text-sm text-muted-foreground">
        These devices are signed in. End any that you don’t recognize, then change your password.
      </p>
      <LoadedList state={sessions} onRetry={() => void reload()} empty="No sessions">
        {(items) =>
          items.map((session) => (
            <SessionRow
              key={session.id}
              session={session}
              onEnd={() => void endSession(session.id)}
            />
          ))
        }
      </LoadedList>
      {isConfirming ? (
        <SignOutForm onCancel={() => setIsConfirming(false)} />
      ) : (
        <div>
          <Button variant="outline" size="sm" onClick={() => setIsConfirming(true)}>
            Sign out everywhere…
          </Button>
        </div>
      )}
    </div>
  );
}

function SignOutForm({ onCancel }: { onCancel: () => void }) {
  const clearSession = useAuthStore((state) => state.clearSession);
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    await postSignOutEverywhere(revokesTokens(form));
    clearSession("chosen");
  });
  return (
    <form onSubmit={onSubmit} className="grid gap-3 rounded-md border p-3">
      <p className="text-sm font-medium">Sign out on all devices, this one included?</p>
      <RevokeTokensField />
      {error ? (
        <p role="alert" className="text-sm text-destructive">
          {error.message}
        </p>
      ) : null}
      <div className="flex flex-wrap justify-end gap-2">
        <Button variant="ghost" size="sm" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" size="sm" aria-disabled={isSending}>
          Sign out everywhere
        </Button>
      </div>
    </form>
  );
}

function SessionRow({ session, onEnd }: { session: DeviceSession; onEnd: () => void }) {
  const dates = useDateContext();
  const name = deviceName(session.user_agent);
  return (
    <li className="flex items-center gap-3 px-3 py-2.5 text-sm">
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium">{name}</p>
        <p className="text-xs text-muted-foreground">
          {session.current
            ? "This device"
            : `Last used ${formatMoment(session.last_used_at, dates)}`}
          {" · "}signed in {formatMoment(session.created_at, dates)}
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
