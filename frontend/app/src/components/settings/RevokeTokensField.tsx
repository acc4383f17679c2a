import { Checkbox } from "@/components/ui/checkbox";

const NAME = "revoke-tokens";

/** A checkbox that revokes access tokens, too; checked by default. */
export function RevokeTokensField() {
  return (
    <Checkbox
      name={NAME}
      defaultChecked
      label="Also revoke my access tokens"
      hint="Programs and scripts that use them stop working until you give them new tokens."
    />
  );
}

/** Tells whether the checkbox is checked in a submitted form. */
export function revokesTokens(form: FormData): boolean {
  return form.has(NAME);
}
