"use client";

import { Download } from "lucide-react";
import { useState } from "react";
import { PasswordInput } from "@/components/auth/PasswordInput";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { secretOf, useSubmit } from "@/hooks/useSubmit";
import { deleteMe, getExport } from "@/lib/accountApi";
import { saveFile } from "@/lib/saveFile";
import { waitText } from "@/lib/waitText";
import { useAuthStore } from "@/stores/authStore";

/** A copy of everything, and the end of everything. */
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
          Your account, tasks, chats and files go for good, on every device. Nobody can bring them
          back.
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
    const day = new Date().toISOString().slice(0, 10);
    saveFile(await getExport(userId), `todochat-${day}.json`);
  });
  return (
    <form onSubmit={onSubmit} className="grid gap-3">
      <h4 className="text-sm font-semibold">Export</h4>
      <p className="text-sm text-muted-foreground">
        Account, tasks, lists and chats in one JSON file.
      </p>
      {error ? (
        <p role="alert" className="text-sm text-destructive">
          {error.message} {waitText(error)}
        </p>
      ) : null}
      <div>
        <Button type="submit" variant="outline" aria-disabled={isSending}>
          <Download aria-hidden className="h-4 w-4" />
          {isSending ? "Collecting…" : "Download everything"}
        </Button>
      </div>
    </form>
  );
}

function DeleteForm({ hasPassword, onCancel }: { hasPassword: boolean; onCancel: () => void }) {
  const forget = useAuthStore((state) => state.forget);
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    await deleteMe(secretOf(form, "password"));
    forget("chosen");
  });
  return (
    <form onSubmit={onSubmit} className="grid gap-3 rounded-md border border-destructive/50 p-3">
      {hasPassword ? (
        <Field
          label="Your password"
          hint="To be sure that it is you."
          error={error ? `${error.message} ${waitText(error)}` : undefined}
        >
          {(control) => (
            <PasswordInput {...control} name="password" autoComplete="current-password" required />
          )}
        </Field>
      ) : error ? (
        <p role="alert" className="text-sm text-destructive">
          {error.message}
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
