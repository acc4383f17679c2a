import { useContext, useRef } from "preact/hooks";
import { SubmissionContext, useSettings } from "../context";
import { Icon } from "../Icon";
import type { ActionConfig, Shape } from "../types";
import { useAction } from "../useAction";
import { controlClass } from "./field";

/** A button with its own action, or a submit button of the surrounding form. */
export function Button({ node }: { node: Shape<"Button"> }) {
  const ref = useRef<HTMLButtonElement>(null);
  const action = useAction(node.onClickAction as ActionConfig | undefined, "self");
  const form = useContext(SubmissionContext);
  const submits = node.submit === true && !node.onClickAction;
  const isSecondary = node.style === "secondary";
  if (!node.label && !node.iconStart && !node.iconEnd) return null;
  return (
    <PlainButton
      buttonRef={ref}
      class={[
        controlClass("w-button", node, isSecondary ? "soft" : "solid"),
        `w-tone-${node.color ?? (isSecondary ? "secondary" : "primary")}`,
        node.uniform || !node.label ? "w-uniform" : "",
        node.iconSize ? `w-icons-${node.iconSize}` : "",
      ].join(" ")}
      type={node.submit ? "submit" : "button"}
      label={node.label}
      iconStart={node.iconStart}
      iconEnd={node.iconEnd}
      isDisabled={node.disabled === true}
      isWaiting={action.isDisabled || action.isPending || (submits && form.isWaiting)}
      isPending={action.isPending || (submits && form.isPending)}
      onPress={node.onClickAction ? () => void action.run(ref.current) : undefined}
    />
  );
}

export type PlainButtonProps = {
  buttonRef?: { current: HTMLButtonElement | null };
  class: string;
  type: "submit" | "button";
  label?: string | undefined;
  iconStart?: string | undefined;
  iconEnd?: string | undefined;
  isDisabled?: boolean;
  /** Ignores presses, but keeps the focus. */
  isWaiting: boolean;
  isPending: boolean;
  onPress?: (() => void) | undefined;
};

/** A plain button. A waiting button isn't `disabled`, because it would lose the focus. */
export function PlainButton(props: PlainButtonProps) {
  const { label, iconStart, iconEnd, isWaiting, isPending, onPress } = props;
  const { strings } = useSettings();
  const icon = iconStart ?? iconEnd ?? "";
  return (
    <button
      ref={props.buttonRef ?? null}
      class={`${props.class}${isPending ? " w-pending" : ""}`}
      type={props.type}
      disabled={props.isDisabled === true}
      aria-disabled={isWaiting ? true : undefined}
      aria-busy={isPending ? true : undefined}
      aria-label={label ? undefined : icon.replace(/^\w+:/, "").replaceAll("-", " ")}
      onClick={(event) => {
        if (isWaiting) event.preventDefault();
        else onPress?.();
      }}
    >
      {iconStart ? <Icon name={iconStart} /> : null}
      {label ? <span class="w-button-label">{label}</span> : null}
      {iconEnd ? <Icon name={iconEnd} /> : null}
      {isPending ? <span class="w-spinner" role="status" aria-label={strings.loading} /> : null}
    </button>
  );
}
