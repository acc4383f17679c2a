"use client";

import Link from "next/link";
import { useState } from "react";
import { PasswordInput } from "@/components/auth/PasswordInput";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Notice } from "@/components/ui/notice";
import { secretOf, textOf, useSubmit } from "@/hooks/useSubmit";
import { browserLocale, browserTimezone } from "@/lib/locale";
import type { ApiError } from "@/lib/problem";
import { waitText } from "@/lib/waitText";
import { useAuthStore } from "@/stores/authStore";

const FIELDS = ["email", "password", "name", "invitation"];

/** Makes an account; the browser's time zone and language come with it. */
export function RegisterForm() {
  const signUp = useAuthStore((state) => state.signUp);
  const [invitation] = useState(() =>
    new URLSearchParams(window.location.search).get("invitation"),
  );
  const { isSending, error, onSubmit } = useSubmit((form) => {
    const name = textOf(form, "name");
    const code = textOf(form, "invitation");
    return signUp({
      email: textOf(form, "email"),
      password: secretOf(form, "password"),
      timezone: browserTimezone(),
      locale: browserLocale(),
      ...(name ? { name } : {}),
      ...(code ? { invitation: code } : {}),
    });
  });
  const wantsInvitation = invitation !== null || error?.code === "invitation-refused";
  return (
    <form onSubmit={onSubmit} className="grid gap-4">
      <RegisterProblem error={error} />
      <Field label="Name" hint="What the assistant should call you. Optional.">
        {(control) => <Input {...control} name="name" autoComplete="name" maxLength={100} />}
      </Field>
      <Field label="E-mail address" error={error?.fields.email}>
        {(control) => (
          <Input
            {...control}
            name="email"
            type="email"
            autoComplete="username"
            autoCapitalize="none"
            maxLength={254}
            required
          />
        )}
      </Field>
      <Field
        label="Password"
        hint="At least 8 characters; a few words in a row do well."
        error={error?.fields.password}
      >
        {(control) => (
          <PasswordInput
            {...control}
            name="password"
            autoComplete="new-password"
            minLength={8}
            required
          />
        )}
      </Field>
      {wantsInvitation ? (
        <Field label="Invitation" hint="The code you were given.">
          {(control) => (
            <Input {...control} name="invitation" defaultValue={invitation ?? ""} required />
          )}
        </Field>
      ) : null}
      <Button type="submit" size="lg" aria-disabled={isSending}>
        {isSending ? "Creating your account…" : "Create account"}
      </Button>
    </form>
  );
}

function RegisterProblem({ error }: { error: ApiError | null }) {
  if (!error || Object.keys(error.fields).some((field) => FIELDS.includes(field))) return null;
  return (
    <Notice tone="error">
      {error.message} {waitText(error)}
      {error.code === "email-taken" ? (
        <>
          {" "}
          <Link href="/login" className="font-medium underline underline-offset-4">
            Sign in instead
          </Link>
        </>
      ) : null}
    </Notice>
  );
}
