"use client";

import { useState } from "react";
import { PasswordInput } from "@/components/auth/PasswordInput";
import { RevokeTokensField, revokesTokens } from "@/components/settings/RevokeTokensField";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { ErrorNotice } from "@/components/ui/notice";
import { secretOf, textOf, useSubmit } from "@/hooks/useSubmit";
import { patchMe, postPassword } from "@/lib/accountApi";
import { useAuthStore } from "@/stores/authStore";
import { showInfo } from "@/stores/toastStore";

/** The settings of name and password. */
export function AccountSettings() {
  const user = useAuthStore((state) => state.user);
  const [changeCount, setChangeCount] = useState(0);
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
        <PasswordForm
          // A new form after a change, so that the passwords don't stay in the page.
          key={changeCount}
          email={user.email}
          onChanged={() => setChangeCount(changeCount + 1)}
        />
      ) : (
        <p className="text-sm text-muted-foreground">
          This account has no password here; you sign in elsewhere.
        </p>
      )}
    </div>
  );
}

function NameForm({ name }: { name: string }) {
  const setUser = useAuthStore((state) => state.setUser);
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    setUser(await patchMe({ name: textOf(form, "name") || null }));
    showInfo("Name saved");
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

function PasswordForm({ email, onChanged }: { email: string; onChanged: () => void }) {
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    const revokeTokens = revokesTokens(form);
    await postPassword(secretOf(form, "current"), secretOf(form, "replacement"), revokeTokens);
    showInfo(
      revokeTokens
        ? "Password changed. Other devices are signed out and access tokens revoked."
        : "Password changed. Other devices are signed out.",
    );
    onChanged();
  });
  const isWrongPassword = error?.code === "wrong-password";
  const newPasswordError = error?.fields.new_password;
  return (
    <form onSubmit={onSubmit} className="grid gap-4">
      <h4 className="text-sm font-semibold">Change password</h4>
      {error && !isWrongPassword && !newPasswordError ? <ErrorNotice error={error} /> : null}
      {/* Tells password managers which account the password belongs to. */}
      <input hidden readOnly name="email" value={email} autoComplete="username" />
      <Field label="Current password" error={isWrongPassword ? error.message : undefined}>
        {(control) => (
          <PasswordInput {...control} name="current" autoComplete="current-password" required />
        )}
      </Field>
      <Field label="New password" hint="At least 8 characters." error={newPasswordError}>
        {(control) => (
          <PasswordInput
            {...control}
            name="replacement"
            autoComplete="new-password"
            minLength={8}
            required
          />
        )}
      </Field>
      <p className="text-sm text-muted-foreground">Your other devices will be signed out.</p>
      <RevokeTokensField />
      <div>
        <Button type="submit" variant="outline" aria-disabled={isSending}>
          Change password
        </Button>
      </div>
    </form>
  );
}
