import { useRef } from "preact/hooks";
import { Children } from "../Children";
import { SubmissionContext } from "../context";
import { box } from "../css";
import { SCOPE } from "../fields";
import type { ActionConfig, Shape } from "../types";
import { useAction } from "../useAction";
import { boxClass } from "./layout";

/** A form. The browser validates its fields before it is submitted. */
export function Form({ node }: { node: Shape<"Form"> }) {
  const ref = useRef<HTMLFormElement>(null);
  const action = useAction(node.onSubmitAction as ActionConfig | undefined, "container");
  const isSubmitting = action.isPending || action.isBlockingWidget;
  const direction = node.direction === "row" ? "row" : "col";
  return (
    <form
      ref={ref}
      class={`w-form ${boxClass(node, direction, "medium")}`}
      style={box(node)}
      data-w-waiting={action.isDisabled || action.isPending ? "" : undefined}
      onSubmit={(event) => {
        event.preventDefault();
        if (event.target === ref.current) void action.run(ref.current);
      }}
      {...{ [SCOPE]: "" }}
    >
      <SubmissionContext.Provider
        value={{ isPending: isSubmitting, isWaiting: isSubmitting || action.isDisabled }}
      >
        <Children of={node} />
      </SubmissionContext.Provider>
    </form>
  );
}
