import { type FormEvent, useState } from "react";
import { ApiError } from "@/lib/problem";

/** A form's way to the server. */
export interface Submission {
  isSending: boolean;
  /** Why it failed; null while it hasn't. */
  error: ApiError | null;
  /** For `<form onSubmit>`. */
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
  /** Forgets the error. */
  clear: () => void;
}

/**
 * Sends a form, once at a time.
 *
 * @param send gets what is in the form's fields.
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
        failure instanceof ApiError
          ? failure
          : new ApiError(0, "unexpected", "Something went wrong. Please try again."),
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
    clear: () => setError(null),
  };
}

/** A field's text, without blanks around it. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value.trim() : "";
}

/** A password exactly as it was typed. */
export function secretOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}
