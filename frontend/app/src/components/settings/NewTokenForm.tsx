"use client";

import { PasswordInput } from "@/components/auth/PasswordInput";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input, NativeSelect } from "@/components/ui/input";
import { ErrorNotice } from "@/components/ui/notice";
import { secretOf, textOf, useSubmit } from "@/hooks/useSubmit";
import { type AccessToken, postAccessToken, type Scope } from "@/lib/accountApi";

const DAY_MS = 86_400_000;
const SCOPES: readonly { value: string; name: string; scopes: Scope[] }[] = [
  { value: "tasks", name: "Tasks and lists", scopes: ["tasks"] },
  { value: "chat", name: "Chat", scopes: ["chat"] },
  { value: "both", name: "Tasks and chat", scopes: ["tasks", "chat"] },
];
const LIFETIMES: readonly { days: number; name: string }[] = [
  { days: 7, name: "7 days" },
  { days: 30, name: "30 days" },
  { days: 90, name: "90 days" },
  { days: 365, name: "1 year" },
];

export interface NewTokenFormProps {
  /** The account's e-mail address; null if the account has no password. */
  email: string | null;
  onCreated: (token: AccessToken) => void;
}

/** Creates an access token after asking for the password. */
export function NewTokenForm({ email, onCreated }: NewTokenFormProps) {
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    const lifetimeMs = Number(textOf(form, "days")) * DAY_MS;
    const scope = SCOPES.find(({ value }) => value === textOf(form, "scope"));
    onCreated(
      await postAccessToken({
        name: textOf(form, "token-name"),
        scopes: scope?.scopes ?? ["tasks"],
        expires_at: new Date(Date.now() + lifetimeMs).toISOString(),
        password: secretOf(form, "password") || null,
      }),
    );
  });
  const isWrongPassword = error?.code === "wrong-password" && email !== null;
  const { name: nameError, expires_at: expiryError } = error?.fields ?? {};
  return (
    <details className="rounded-md border">
      <summary className="px-3 py-2.5 text-sm font-medium pointer-coarse:py-3">
        New access token
      </summary>
      <form onSubmit={onSubmit} className="grid gap-3 border-t p-3 sm:grid-cols-2">
        {error && !isWrongPassword && !nameError && !expiryError ? (
          <ErrorNotice error={error} className="sm:col-span-2" />
        ) : null}
        <Field label="Name" error={nameError} className="sm:col-span-2">
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
        <Field label="Scope">
          {(control) => (
            <NativeSelect {...control} name="scope">
              {SCOPES.map(({ value, name }) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </NativeSelect>
          )}
        </Field>
        <Field label="Expires in" error={expiryError}>
          {(control) => (
            <NativeSelect {...control} name="days" defaultValue="90">
              {LIFETIMES.map(({ days, name }) => (
                <option key={days} value={days}>
                  {name}
                </option>
              ))}
            </NativeSelect>
          )}
        </Field>
        {email === null ? null : (
          <>
            {/* Tells password managers which account the password belongs to. */}
            <input hidden readOnly name="email" value={email} autoComplete="username" />
            <Field
              label="Your password"
              hint="Confirms that it’s you."
              error={isWrongPassword ? error.message : undefined}
              className="sm:col-span-2"
            >
              {(control) => (
                <PasswordInput
                  {...control}
                  name="password"
                  autoComplete="current-password"
                  required
                />
              )}
            </Field>
          </>
        )}
        <div className="sm:col-span-2">
          <Button type="submit" size="sm" aria-disabled={isSending}>
            Create token
          </Button>
        </div>
      </form>
    </details>
  );
}
