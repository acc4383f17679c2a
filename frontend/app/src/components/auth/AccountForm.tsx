import type { ReactNode } from "react";
import { PasswordInput } from "@/components/auth/PasswordInput";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import type { Submission } from "@/hooks/useSubmit";

export interface AccountFormProps {
  submission: Submission;
  /** True if the form creates an account and so asks for a new password. */
  isNewAccount: boolean;
  /** A message above the fields. */
  notice: ReactNode;
  /** Fields above the e-mail address. */
  firstFields?: ReactNode;
  /** Fields below the password. */
  lastFields?: ReactNode;
  submitText: string;
  sendingText: string;
}

const NEW_PASSWORD = {
  control: { autoComplete: "new-password", minLength: 8 },
  hint: "At least 8 characters. Several words work well.",
};
const CURRENT_PASSWORD = { control: { autoComplete: "current-password" }, hint: undefined };

/** The form of sign-in and sign-up: e-mail address, password and the fields that only one has. */
export function AccountForm(props: AccountFormProps) {
  const { isSending, error, onSubmit } = props.submission;
  const password = props.isNewAccount ? NEW_PASSWORD : CURRENT_PASSWORD;
  return (
    <form onSubmit={onSubmit} className="grid gap-4">
      {props.notice}
      {props.firstFields}
      <Field label="E-mail address" error={error?.fields.email}>
        {(control) => (
          <Input
            {...control}
            name="email"
            type="email"
            autoComplete="username"
            autoCapitalize="none"
            maxLength={254}
            required
          />
        )}
      </Field>
      <Field label="Password" hint={password.hint} error={error?.fields.password}>
        {(control) => <PasswordInput {...control} name="password" {...password.control} required />}
      </Field>
      {props.lastFields}
      <Button type="submit" size="lg" aria-disabled={isSending}>
        {isSending ? props.sendingText : props.submitText}
      </Button>
    </form>
  );
}
