"use client";

import { PasswordInput } from "@/components/auth/PasswordInput";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Notice } from "@/components/ui/notice";
import { secretOf, textOf, useSubmit } from "@/hooks/useSubmit";
import { waitText } from "@/lib/waitText";
import { useAuthStore } from "@/stores/authStore";

/** Signs in; the gate then shows the page that was asked for. */
export function LoginForm() {
  const signIn = useAuthStore((state) => state.signIn);
  const reason = useAuthStore((state) => state.signedOutReason);
  const { isSending, error, onSubmit } = useSubmit((form) =>
    signIn(textOf(form, "email"), secretOf(form, "password")),
  );
  return (
    <form onSubmit={onSubmit} className="grid gap-4">
      {error ? (
        <Notice tone="error">
          {error.message} {waitText(error)}
        </Notice>
      ) : reason === "ended" ? (
        <Notice>Your session has ended. Sign in again to go on where you were.</Notice>
      ) : null}
      <Field label="E-mail address">
        {(control) => (
          <Input
            {...control}
            name="email"
            type="email"
            autoComplete="username"
            autoCapitalize="none"
            required
          />
        )}
      </Field>
      <Field label="Password">
        {(control) => (
          <PasswordInput {...control} name="password" autoComplete="current-password" required />
        )}
      </Field>
      <Button type="submit" size="lg" aria-disabled={isSending}>
        {isSending ? "Signing in…" : "Sign in"}
      </Button>
    </form>
  );
}
