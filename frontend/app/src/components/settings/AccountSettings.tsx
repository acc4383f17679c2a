"use client";

import { PasswordInput } from "@/components/auth/PasswordInput";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Notice } from "@/components/ui/notice";
import { secretOf, textOf, useSubmit } from "@/hooks/use-submit";
import { patchMe, postPassword } from "@/lib/account-api";
import { waitText } from "@/lib/wait-text";
import { useAuthStore } from "@/stores/authStore";
import { showInfo } from "@/stores/toastStore";

/** Name and password. */
export function AccountSettings() {
  const user = useAuthStore((state) => state.user);
  return (
    <div className="grid gap-6">
      {user?.email ? (
        <p className="text-sm text-muted-foreground">
          Signed in as <span className="font-medium text-foreground">{user.email}</span>
        </p>
      ) : null}
      <NameForm name={user?.name ?? ""} />
      <hr />
      {user?.email ? (
        <PasswordForm email={user.email} />
      ) : (
        <p className="text-sm text-muted-foreground">
          You sign in elsewhere; your password is kept there.
        </p>
      )}
    </div>
  );
}

function NameForm({ name }: { name: string }) {
  const setUser = useAuthStore((state) => state.setUser);
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    setUser(await patchMe({ name: textOf(form, "name") || null }));
    showInfo("Your name is saved");
  });
  return (
    <form onSubmit={onSubmit} className="flex items-end gap-2">
      <Field label="Name" error={error?.message} className="flex-1">
        {(control) => (
          <Input {...control} name="name" defaultValue={name} autoComplete="name" maxLength={100} />
        )}
      </Field>
      <Button type="submit" variant="outline" aria-disabled={isSending}>
        Save
      </Button>
    </form>
  );
}

function PasswordForm({ email }: { email: string }) {
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    await postPassword(secretOf(form, "current"), secretOf(form, "fresh"));
    showInfo("Your password is changed; other devices are signed out");
  });
  const isWrong = error?.code === "wrong-password";
  const freshError = error?.fields.new_password;
  return (
    <form onSubmit={onSubmit} className="grid gap-4">
      <h4 className="text-sm font-semibold">Change password</h4>
      {error && !isWrong && !freshError ? (
        <Notice tone="error">
          {error.message} {waitText(error)}
        </Notice>
      ) : null}
      {/* For password managers: whose password this is. */}
      <input hidden readOnly name="email" value={email} autoComplete="username" />
      <Field label="Current password" error={isWrong ? error.message : undefined}>
        {(control) => (
          <PasswordInput {...control} name="current" autoComplete="current-password" required />
        )}
      </Field>
      <Field label="New password" hint="At least 8 characters." error={freshError}>
        {(control) => (
          <PasswordInput
            {...control}
            name="fresh"
            autoComplete="new-password"
            minLength={8}
            required
          />
        )}
      </Field>
      <div>
        <Button type="submit" variant="outline" aria-disabled={isSending}>
          Change password
        </Button>
      </div>
    </form>
  );
}
