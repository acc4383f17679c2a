import { type FormEvent, useState } from "react";
import { ApiError, messageOf } from "@/lib/problem";

/** The state of a form's submission. */
export interface Submission {
  isSending: boolean;
  /** The error of the last submission; null if there was none. */
  error: ApiError | null;
  /** For `<form onSubmit>`. */
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
}

/**
 * Submits a form; ignores further submissions while one is in progress.
 *
 * @param send receives the values of the form's fields.
 */
export function useSubmit(send: (form: FormData) => Promise<void>): Submission {
  const [isSending, setIsSending] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);

  const submit = async (form: HTMLFormElement) => {
    setIsSending(true);
    setError(null);
    try {
      await send(new FormData(form));
    } catch (failure) {
      setError(
        failure instanceof ApiError ? failure : new ApiError(0, "unexpected", messageOf(failure)),
      );
    } finally {
      setIsSending(false);
    }
  };

  return {
    isSending,
    error,
    onSubmit: (event) => {
      event.preventDefault();
      if (!isSending) void submit(event.currentTarget);
    },
  };
}

/** Returns a field's text, trimmed. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value.trim() : "";
}

/** Returns a password exactly as typed. */
export function secretOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}
