"use client";

import { Download } from "lucide-react";
import { useState } from "react";
import { PasswordInput } from "@/components/auth/PasswordInput";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { secretOf, useSubmit } from "@/hooks/useSubmit";
import { deleteMe, getExport } from "@/lib/accountApi";
import { messageOf } from "@/lib/problem";
import { fileDate, saveFile } from "@/lib/saveFile";
import { useAuthStore } from "@/stores/authStore";

/** Exports all data and deletes the account. */
export function DataSettings() {
  const user = useAuthStore((state) => state.user);
  const [isDeleting, setIsDeleting] = useState(false);
  return (
    <div className="grid gap-6">
      <ExportForm userId={user?.id ?? ""} />
      <hr />
      <section className="grid gap-3">
        <h4 className="text-sm font-semibold">Delete account</h4>
        <p className="text-sm text-muted-foreground">
          Permanently deletes your account, tasks, chats and files on every device. This can’t be
          undone.
        </p>
        {isDeleting ? (
          <DeleteForm hasPassword={Boolean(user?.email)} onCancel={() => setIsDeleting(false)} />
        ) : (
          <div>
            <Button
              variant="outline"
              className="border-destructive/50 text-destructive"
              onClick={() => setIsDeleting(true)}
            >
              Delete account…
            </Button>
          </div>
        )}
      </section>
    </div>
  );
}

function ExportForm({ userId }: { userId: string }) {
  const { isSending, error, onSubmit } = useSubmit(async () => {
    saveFile(await getExport(userId), `todochat-${fileDate()}.json`);
  });
  return (
    <form onSubmit={onSubmit} className="grid gap-3">
      <h4 className="text-sm font-semibold">Export</h4>
      <p className="text-sm text-muted-foreground">
        Account, tasks, lists and chats in one JSON file.
      </p>
      {error ? (
        <p role="alert" className="text-sm text-destructive">
          {messageOf(error)}
        </p>
      ) : null}
      <div>
        <Button type="submit" variant="outline" aria-disabled={isSending}>
          <Download aria-hidden className="h-4 w-4" />
          {isSending ? "Preparing…" : "Download everything"}
        </Button>
      </div>
    </form>
  );
}

function DeleteForm({ hasPassword, onCancel }: { hasPassword: boolean; onCancel: () => void }) {
  const clearSession = useAuthStore((state) => state.clearSession);
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    await deleteMe(secretOf(form, "password"));
    clearSession("chosen");
  });
  return (
    <form onSubmit={onSubmit} className="grid gap-3 rounded-md border border-destructive/50 p-3">
      {hasPassword ? (
        <Field
          label="Your password"
          hint="Confirms that it’s you."
          error={error ? messageOf(error) : undefined}
        >
          {(control) => (
            <PasswordInput {...control} name="password" autoComplete="current-password" required />
          )}
        </Field>
      ) : error ? (
        <p role="alert" className="text-sm text-destructive">
          {messageOf(error)}
        </p>
      ) : null}
      <div className="flex flex-wrap justify-end gap-2">
        <Button variant="ghost" onClick={onCancel}>
          Keep my account
        </Button>
        <Button type="submit" variant="destructive" aria-disabled={isSending}>
          {isSending ? "Deleting…" : "Delete everything"}
        </Button>
      </div>
    </form>
  );
}
