"use client";

import { useState } from "react";
import { PasswordInput } from "@/components/auth/PasswordInput";
import { RevokeTokensField, revokesTokens } from "@/components/settings/RevokeTokensField";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Notice } from "@/components/ui/notice";
import { secretOf, textOf, useSubmit } from "@/hooks/useSubmit";
import { patchMe, postPassword } from "@/lib/accountApi";
import { waitText } from "@/lib/waitText";
import { useAuthStore } from "@/stores/authStore";
import { showInfo } from "@/stores/toastStore";

/** Name and password. */
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
          // A new form after a change: the passwords don't stay in the page.
          key={changeCount}
          email={user.email}
          onChanged={() => setChangeCount(changeCount + 1)}
        />
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

function PasswordForm({ email, onChanged }: { email: string; onChanged: () => void }) {
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    const revokeTokens = revokesTokens(form);
    await postPassword(secretOf(form, "current"), secretOf(form, "fresh"), revokeTokens);
    showInfo(
      revokeTokens
        ? "Password changed. Other devices are signed out, access tokens are revoked."
        : "Password changed. Other devices are signed out.",
    );
    onChanged();
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
