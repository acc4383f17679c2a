"use client";

import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input, NativeSelect } from "@/components/ui/input";
import { textOf, useSubmit } from "@/hooks/use-submit";
import { type AccessToken, postAccessToken, type Scope } from "@/lib/account-api";

const DAY_MS = 86_400_000;
const OPENS: readonly { value: string; name: string; scopes: Scope[] }[] = [
  { value: "tasks", name: "Tasks and lists", scopes: ["tasks"] },
  { value: "chat", name: "The chat", scopes: ["chat"] },
  { value: "both", name: "Both", scopes: ["tasks", "chat"] },
];

/** Makes an access token. */
export function NewTokenForm({ onMade }: { onMade: (token: AccessToken) => void }) {
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    const days = Number(textOf(form, "days"));
    const expiresAt = days > 0 ? new Date(Date.now() + days * DAY_MS).toISOString() : null;
    const opens = OPENS.find(({ value }) => value === textOf(form, "opens"));
    onMade(
      await postAccessToken(textOf(form, "token-name"), opens?.scopes ?? ["tasks"], expiresAt),
    );
  });
  return (
    <details className="rounded-md border">
      <summary className="px-3 py-2.5 text-sm font-medium">New access token</summary>
      <form onSubmit={onSubmit} className="grid gap-3 border-t p-3 sm:grid-cols-2">
        <Field label="What it is for" error={error?.message} className="sm:col-span-2">
          {(control) => (
            <Input
              {...control}
              name="token-name"
              required
              maxLength={100}
              autoComplete="off"
              placeholder="Backup script"
            />
          )}
        </Field>
        <Field label="Opens">
          {(control) => (
            <NativeSelect {...control} name="opens">
              {OPENS.map(({ value, name }) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </NativeSelect>
          )}
        </Field>
        <Field label="Good for">
          {(control) => (
            <NativeSelect {...control} name="days" defaultValue="90">
              <option value="7">A week</option>
              <option value="30">30 days</option>
              <option value="90">90 days</option>
              <option value="365">A year</option>
              <option value="0">Ever</option>
            </NativeSelect>
          )}
        </Field>
        <div className="sm:col-span-2">
          <Button type="submit" size="sm" aria-disabled={isSending}>
            Make token
          </Button>
        </div>
      </form>
    </details>
  );
}
