"use client";

import { AccountForm } from "@/components/auth/AccountForm";
import { ErrorNotice, Notice } from "@/components/ui/notice";
import { secretOf, textOf, useSubmit } from "@/hooks/useSubmit";
import { useAuthStore } from "@/stores/authStore";

/** Signs in; `AuthGate` then shows the requested page. */
export function LoginForm() {
  const signIn = useAuthStore((state) => state.signIn);
  const reason = useAuthStore((state) => state.signedOutReason);
  const submission = useSubmit((form) => signIn(textOf(form, "email"), secretOf(form, "password")));
  return (
    <AccountForm
      submission={submission}
      isNewAccount={false}
      notice={
        submission.error ? (
          <ErrorNotice error={submission.error} />
        ) : reason === "ended" ? (
          <Notice>Your session has ended. Sign in again to continue.</Notice>
        ) : null
      }
      submitText="Sign in"
      sendingText="Signing in…"
    />
  );
}
