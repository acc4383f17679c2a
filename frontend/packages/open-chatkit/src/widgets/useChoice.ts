import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { linkLabels } from "./fields";
import { nested } from "./payload";
import type { ActionConfig } from "./types";
import { useAction } from "./useAction";
import { useFieldValue } from "./useFieldValue";

/** A field with a single choice. */
export type ChoiceNode = { name: string; defaultValue?: string; onChangeAction?: unknown };

export type Choice = {
  value: string;
  /** True while its action runs. */
  isPending: boolean;
  /** True while the choice can't be changed. */
  isWaiting: boolean;
  /** Applies the user's choice; reverts it if the field's action fails. */
  change: (next: string) => Promise<void>;
};

/**
 * Holds a field's choice and runs its action.
 *
 * @param control the control that the user operates and the label names.
 * @param input the element with the field's value for the form.
 */
export function useChoice(
  node: ChoiceNode,
  control: RefObject<HTMLElement | null>,
  input: RefObject<{ value: string } | null>,
): Choice {
  const action = useAction(node.onChangeAction as ActionConfig | undefined, "none");
  const hasAction = Boolean(node.onChangeAction);
  const { value, choose } = useFieldValue(node.defaultValue ?? "", hasAction);
  useLayoutEffect(() => linkLabels(control.current));
  return {
    value,
    isPending: action.isPending,
    isWaiting: action.isDisabled || action.isPending,
    async change(next) {
      const revert = choose(next);
      // Form values are read from the DOM, so update it before the next render.
      if (input.current) input.current.value = next;
      if (!hasAction) return;
      if (await action.run(control.current, nested([[node.name, next]]))) return;
      revert();
      if (input.current) input.current.value = value;
    },
  };
}
