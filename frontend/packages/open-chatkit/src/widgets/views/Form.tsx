import { useRef } from "preact/hooks";
import { Children } from "../Children";
import { SubmissionContext } from "../context";
import { box } from "../css";
import { SCOPE } from "../fields";
import { OnSurface, useSurface } from "../surface";
import type { ActionConfig, Shape } from "../types";
import { useAction } from "../useAction";
import { useRowFit } from "../useRowFit";
import { boxClass } from "./layout";

/** A form. The browser validates its fields before it is submitted. */
export function Form({ node }: { node: Shape<"Form"> }) {
  const ref = useRef<HTMLFormElement>(null);
  const action = useAction(node.onSubmitAction as ActionConfig | undefined, "container");
  const isSubmitting = action.isPending || action.isBlockingWidget;
  const direction = node.direction === "row" ? "row" : "col";
  const { surface, style } = useSurface(node.background);
  useRowFit(ref, direction === "row" && !node.wrap);
  return (
    <form
      ref={ref}
      class={`w-form ${boxClass(node, direction, "medium")}`}
      style={{ ...box(node), ...style }}
      data-w-waiting={action.isDisabled || action.isPending ? "" : undefined}
      onSubmit={(event) => {
        event.preventDefault();
        if (event.target === ref.current) void action.run(ref.current);
      }}
      onKeyDown={(event) => {
        submitOnEnter(event, event.currentTarget);
      }}
      {...{ [SCOPE]: "" }}
    >
      <SubmissionContext.Provider
        value={{ isPending: isSubmitting, isWaiting: isSubmitting || action.isDisabled }}
      >
        <OnSurface surface={surface}>
          <Children of={node} />
        </OnSurface>
      </SubmissionContext.Provider>
    </form>
  );
}

/** Submits a form without a submit button, which browsers don't if it has several fields. */
function submitOnEnter(event: KeyboardEvent, form: HTMLFormElement): void {
  // Safari reports the Enter that ends a conversion with this key code alone.
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
  if (!(event.target instanceof HTMLInputElement) || event.target.name === "") return;
  if (event.target.form !== form || form.querySelector("[type=submit]")) return;
  event.preventDefault();
  form.requestSubmit();
}
