import { useLayoutEffect, useRef } from "preact/hooks";
import { useSettings } from "../context";
import { FIELD, linkLabels, readableName } from "../fields";
import { Icon } from "../Icon";
import { nested } from "../payload";
import type { ActionConfig, Shape } from "../types";
import { useAction } from "../useAction";
import { useFieldValue } from "../useFieldValue";
import { wordClass } from "./typography";

/** A checkbox. If its action fails, the change is reverted. */
export function Checkbox({ node }: { node: Shape<"Checkbox"> }) {
  const { strings } = useSettings();
  const ref = useRef<HTMLInputElement>(null);
  const action = useAction(node.onChangeAction as ActionConfig | undefined, "none");
  const hasAction = Boolean(node.onChangeAction);
  const { value, choose } = useFieldValue(node.defaultChecked === true, hasAction);
  const isWaiting = action.isDisabled || action.isPending;
  useLayoutEffect(() => linkLabels(ref.current));

  async function change(isChecked: boolean): Promise<void> {
    const revert = choose(isChecked);
    if (!hasAction) return;
    if (await action.run(ref.current, nested([[node.name, isChecked]]))) return;
    revert();
    // Revert the DOM too: the action may fail before the change is rendered.
    if (ref.current) ref.current.checked = value;
  }

  return (
    <label class={`w-checkbox${isWaiting || node.disabled ? " w-off" : ""}`}>
      <span class="w-tick-box">
        <input
          ref={ref}
          type="checkbox"
          class="w-tick"
          name={node.name}
          checked={value}
          required={node.required === true}
          disabled={node.disabled === true}
          aria-disabled={isWaiting ? true : undefined}
          aria-busy={action.isPending ? true : undefined}
          aria-label={node.label ? undefined : readableName(node.name)}
          onClick={(event) => isWaiting && event.preventDefault()}
          onChange={(event) => void change(event.currentTarget.checked)}
          {...{ [FIELD]: node.name }}
        />
        {action.isPending ? (
          <span class="w-spinner" role="status" aria-label={strings.loading} />
        ) : (
          <Icon name="check" class="w-tick-mark" />
        )}
      </span>
      {node.label ? (
        <span class={`w-choice-label ${wordClass(node.label)}`}>{node.label}</span>
      ) : null}
    </label>
  );
}
