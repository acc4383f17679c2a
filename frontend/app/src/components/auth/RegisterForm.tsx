"use client";

import Link from "next/link";
import { useState } from "react";
import { AccountForm } from "@/components/auth/AccountForm";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { ErrorNotice } from "@/components/ui/notice";
import { secretOf, textOf, useSubmit } from "@/hooks/useSubmit";
import { browserLocale, browserTimezone } from "@/lib/locale";
import { useAuthStore } from "@/stores/authStore";

/** Fields that may show an error of their own. */
const FIELDS = ["email", "password", "name", "invitation"];

/** Creates an account with the browser's time zone and language. */
export function RegisterForm() {
  const signUp = useAuthStore((state) => state.signUp);
  const [invitation] = useState(() =>
    new URLSearchParams(window.location.search).get("invitation"),
  );
  const submission = useSubmit((form) => {
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
  const { error } = submission;
  const hasFieldError = FIELDS.some((field) => error?.fields[field]);
  return (
    <AccountForm
      submission={submission}
      isNewAccount
      notice={
        error && !hasFieldError ? (
          <ErrorNotice error={error}>
            {error.code === "email-taken" ? (
              <Link href="/login" className="font-medium underline underline-offset-4">
                Sign in instead
              </Link>
            ) : null}
          </ErrorNotice>
        ) : null
      }
      firstFields={
        <Field label="Name" hint="What the assistant should call you. Optional.">
          {(control) => <Input {...control} name="name" autoComplete="name" maxLength={100} />}
        </Field>
      }
      lastFields={
        invitation !== null || error?.code === "invitation-refused" ? (
          <Field label="Invitation" hint="Your invitation code.">
            {(control) => (
              <Input {...control} name="invitation" defaultValue={invitation ?? ""} required />
            )}
          </Field>
        ) : null
      }
      submitText="Create account"
      sendingText="Creating your account…"
    />
  );
}
