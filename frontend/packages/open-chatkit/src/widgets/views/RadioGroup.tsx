import { useLayoutEffect, useRef } from "preact/hooks";
import { FIELD, linkLabels, newId, readableName } from "../fields";
import { nested } from "../payload";
import type { ActionConfig, Shape } from "../types";
import { useAction } from "../useAction";
import { useFieldValue } from "../useFieldValue";
import { wordClass } from "./typography";

/** A single choice whose options are all visible. */
export function RadioGroup({ node }: { node: Shape<"RadioGroup"> }) {
  const ref = useRef<HTMLDivElement>(null);
  const group = useRef("");
  group.current ||= newId();
  const action = useAction(node.onChangeAction as ActionConfig | undefined, "none");
  const hasAction = Boolean(node.onChangeAction);
  const { value, choose } = useFieldValue(node.defaultValue ?? "", hasAction);
  const isWaiting = action.isDisabled || action.isPending;
  useLayoutEffect(() => linkLabels(ref.current));

  async function change(next: string): Promise<void> {
    const revert = choose(next);
    if (!hasAction) return;
    if (!(await action.run(ref.current, nested([[node.name, next]])))) revert();
  }

  return (
    <div
      ref={ref}
      class={`w-radios w-${node.direction === "row" ? "row" : "col"}`}
      role="radiogroup"
      aria-label={node.ariaLabel || readableName(node.name)}
      aria-required={node.required === true ? true : undefined}
      aria-busy={action.isPending ? true : undefined}
      {...{ [FIELD]: node.name }}
    >
      {(node.options ?? []).map((option) => {
        const isDisabled = node.disabled === true || option.disabled === true;
        return (
          <label key={option.value} class={`w-radio${isDisabled || isWaiting ? " w-off" : ""}`}>
            <input
              type="radio"
              class="w-dot"
              name={group.current}
              data-name={node.name}
              value={option.value}
              checked={value === option.value}
              required={node.required === true}
              disabled={isDisabled}
              onClick={(event) => isWaiting && event.preventDefault()}
              onChange={() => void change(option.value)}
            />
            <span class={`w-choice-label ${wordClass(option.label)}`}>{option.label}</span>
          </label>
        );
      })}
    </div>
  );
}
