import { Checkbox } from "@/components/ui/checkbox";

const NAME = "revoke-tokens";

/** Asks whether access tokens end, too; checked unless the user keeps them. */
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

/** Whether the field is checked in a submitted form. */
export function revokesTokens(form: FormData): boolean {
  return form.has(NAME);
}
