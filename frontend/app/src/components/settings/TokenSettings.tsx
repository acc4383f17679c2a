"use client";

import { useState } from "react";
import { NewTokenForm } from "@/components/settings/NewTokenForm";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { LoadedList } from "@/components/ui/loadedList";
import { useDateContext } from "@/hooks/useDateContext";
import { useLoaded } from "@/hooks/useLoaded";
import { type AccessToken, deleteAccessToken, getAccessTokens } from "@/lib/accountApi";
import { formatDue, formatMoment } from "@/lib/due";
import { messageOf } from "@/lib/problem";
import { useAuthStore } from "@/stores/authStore";
import { showError } from "@/stores/toastStore";

/** Access tokens for the user's own programs. */
export function TokenSettings() {
  const [tokens, reload] = useLoaded(getAccessTokens);
  const [created, setCreated] = useState<AccessToken | null>(null);
  const [createdCount, setCreatedCount] = useState(0);
  const email = useAuthStore((state) => state.user?.email ?? null);

  const revoke = (id: string) =>
    deleteAccessToken(id).then(reload, (error: unknown) => showError(messageOf(error)));

  return (
    <div className="grid gap-4">
      <p className="text-sm text-muted-foreground">
        For your own programs and scripts. Anyone who has a token can use it.
      </p>
      {created?.token ? (
        <CreatedToken token={created.token} onDone={() => setCreated(null)} />
      ) : null}
      <NewTokenForm
        // A new form for the next token, so that the password doesn't stay in the page.
        key={createdCount}
        email={email}
        onCreated={(token) => {
          setCreated(token);
          setCreatedCount(createdCount + 1);
          void reload();
        }}
      />
      <LoadedList state={tokens} onRetry={() => void reload()} empty="No access tokens">
        {(items) =>
          items.map((token) => (
            <TokenRow key={token.id} token={token} onRevoke={() => void revoke(token.id)} />
          ))
        }
      </LoadedList>
    </div>
  );
}

function CreatedToken({ token, onDone }: { token: string; onDone: () => void }) {
  const [isCopied, setIsCopied] = useState(false);
  const copy = () =>
    navigator.clipboard?.writeText(token).then(
      () => setIsCopied(true),
      // Plain HTTP has no clipboard API; a click selects the text.
      () => undefined,
    );
  return (
    <div role="alert" className="grid gap-2 rounded-md border border-primary/50 bg-primary/8 p-3">
      <p className="text-sm font-medium">Copy the token now. You won’t see it again.</p>
      <div className="flex gap-2">
        <Input
          readOnly
          aria-label="New access token"
          value={token}
          onFocus={({ target }) => target.select()}
          className="font-mono text-xs sm:text-xs"
        />
        <Button variant="outline" onClick={() => void copy()}>
          {isCopied ? "Copied" : "Copy"}
        </Button>
        <Button variant="ghost" onClick={onDone}>
          Done
        </Button>
      </div>
    </div>
  );
}

function TokenRow({ token, onRevoke }: { token: AccessToken; onRevoke: () => void }) {
  const dates = useDateContext();
  const isExpired = token.expires_at !== null && new Date(token.expires_at) <= dates.now;
  return (
    <li className="flex items-center gap-3 px-3 py-2.5 text-sm">
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium">{token.name}</p>
        <p className="text-xs text-muted-foreground">
          Scope: {token.scopes.join(" and ")}
          {" · "}
          {token.last_used_at ? `used ${formatMoment(token.last_used_at, dates)}` : "never used"}
          {token.expires_at
            ? ` · ${isExpired ? "expired" : "expires"} ${formatDue({ date: token.expires_at.slice(0, 10) }, dates)}`
            : ""}
        </p>
      </div>
      <Button variant="ghost" size="sm" aria-label={`Revoke: ${token.name}`} onClick={onRevoke}>
        Revoke
      </Button>
    </li>
  );
}
