import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { linkLabels } from "./fields";
import { nested } from "./payload";
import type { ActionConfig } from "./types";
import { useAction } from "./useAction";
import { useFieldValue } from "./useFieldValue";

/** A field in which one of several things is chosen. */
export type ChoiceNode = { name: string; defaultValue?: string; onChangeAction?: unknown };

export type Choice = {
  value: string;
  /** Its action is under way. */
  isPending: boolean;
  /** Nothing can be chosen now. */
  isWaiting: boolean;
  /** Takes what the person chose, and takes it back if the field's action doesn't work. */
  change: (next: string) => Promise<void>;
};

/**
 * Holds what is chosen in a field and runs its action.
 *
 * @param control what the person uses, which its label names.
 * @param held the element that has the field's value for the form.
 */
export function useChoice(
  node: ChoiceNode,
  control: RefObject<HTMLElement | null>,
  held: RefObject<{ value: string } | null>,
): Choice {
  const action = useAction(node.onChangeAction as ActionConfig | undefined, "none");
  const hasAction = Boolean(node.onChangeAction);
  const { value, choose } = useFieldValue(node.defaultValue ?? "", hasAction);
  useLayoutEffect(() => linkLabels(control.current));
  return {
    value,
    isPending: action.isPending,
    isWaiting: action.isBlocked || action.isPending,
    async change(next) {
      const takeBack = choose(next);
      // A field's value is read from the document, so that must have it.
      if (held.current) held.current.value = next;
      if (!hasAction) return;
      if (await action.run(control.current, nested([[node.name, next]]))) return;
      takeBack();
      if (held.current) held.current.value = value;
    },
  };
}
