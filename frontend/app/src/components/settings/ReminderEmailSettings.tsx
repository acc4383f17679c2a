"use client";

import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/checkbox";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { textOf, useSubmit } from "@/hooks/useSubmit";
import { messageOf } from "@/lib/problem";
import {
  getReminderEmail,
  patchReminderEmail,
  postReminderEmailCode,
  type ReminderEmail,
} from "@/lib/reminderApi";
import { showError } from "@/stores/toastStore";

/** The switch for reminders by e-mail; nothing where the server sends none. */
export function ReminderEmailSettings() {
  const [state, setState] = useState<ReminderEmail | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  useEffect(() => {
    getReminderEmail().then(setState, (error: unknown) => showError(messageOf(error)));
  }, []);
  if (!state?.available) return null;

  const change = async (on: boolean) => {
    setIsBusy(true);
    try {
      setState(await patchReminderEmail(on));
    } catch (error) {
      showError(messageOf(error));
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <div className="grid gap-3">
      <Checkbox
        label="E-mail me"
        hint={`Reminders also go to ${state.address}.`}
        checked={state.on || state.awaits_code}
        disabled={isBusy}
        onChange={({ target }) => void change(target.checked)}
      />
      {state.awaits_code ? <CodeForm address={state.address ?? ""} onConfirmed={setState} /> : null}
    </div>
  );
}

interface CodeFormProps {
  address: string;
  onConfirmed: (state: ReminderEmail) => void;
}

function CodeForm({ address, onConfirmed }: CodeFormProps) {
  const { isSending, error, onSubmit } = useSubmit(async (form) => {
    onConfirmed(await postReminderEmailCode(textOf(form, "code")));
  });
  return (
    <form onSubmit={onSubmit} className="grid gap-3 rounded-md border p-3">
      <Field
        label="Code"
        hint={`We sent a code of 8 digits to ${address}.`}
        error={error ? messageOf(error) : undefined}
      >
        {(control) => (
          <Input
            {...control}
            name="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            pattern="[0-9]{8}"
            required
          />
        )}
      </Field>
      <div>
        <Button type="submit" size="sm" aria-disabled={isSending}>
          Confirm address
        </Button>
      </div>
    </form>
  );
}
